import type { Host, Inventory } from '../inventory/types.ts';
import type { Playbook, HostOption } from '../playbook/playbook.ts';
import { SelectionError } from './selection.ts';

/** The options given to this run: host names by option. */
export type GivenOptions = Readonly<Partial<Record<string, string>>>;

/** Data or availability that an option may cost. */
export interface Loss {
  /** The phase of the option. */
  readonly phase: string;
  /** With its dashes, without its value. */
  readonly option: string;
  /** In sentences. */
  readonly text: string;
}

/**
 * Validates the given options and returns what they may lose. Pure. Throws `SelectionError` for an option of no phase in this
 * run, for a host that the option does not allow, and for one that `--limit` excludes.
 */
export function checkedOptions(
  given: GivenOptions,
  parts: {
    readonly inventory: Inventory;
    /** Playbooks with hosts in the inventory. */
    readonly present: readonly Playbook[];
    /** Those of them in this run. */
    readonly selected: readonly Playbook[];
    /** Names of the hosts that may be changed. */
    readonly allowed: ReadonlySet<string>;
  },
): readonly Loss[] {
  const { inventory, present, selected, allowed } = parts;
  return Object.entries(given).flatMap(([name, wanted]) => {
    if (wanted === undefined) return [];
    const flag = `--${name}`;
    const phase = present.find(({ options }) => options?.[name] !== undefined);
    const option = phase?.options?.[name];
    if (!phase || !option) {
      throw new SelectionError(
        `${flag} belongs to a phase that this inventory does not have`,
        `omit ${flag}`,
      );
    }
    if (!selected.includes(phase)) {
      throw new SelectionError(
        `${flag} belongs to the phase ${phase.name}, which is not part of this run`,
        `add ${phase.name} to --only, or omit --only, --skip and --from`,
      );
    }
    const host = hostOf(option, { flag, wanted, inventory });
    if (!allowed.has(host.name)) {
      throw new SelectionError(
        `${flag} names ${host.name}, which --limit excludes`,
        `add ${host.name} to --limit`,
      );
    }
    const text = option.loses?.(host, inventory);
    return text === undefined ? [] : [{ phase: phase.name, option: flag, text }];
  });
}

/** Throws `SelectionError` for a given option that takes effect in one of the steps that `--from` skips. */
export function refuseOptionsOf(
  skipped: readonly { readonly id: string; readonly step: { readonly title: string } }[],
  { name: phase, options = {} }: Pick<Playbook, 'name' | 'options'>,
  given: GivenOptions,
): void {
  for (const [name, option] of Object.entries(options)) {
    const missed =
      given[name] === undefined ? undefined : skipped.find(({ step }) => step.title === option.step);
    if (!missed) continue;
    throw new SelectionError(
      `--${name} takes effect in the step "${missed.step.title}", before the step that --from names`,
      `start there: --from ${phase}:${missed.id}`,
    );
  }
}

function hostOf(
  option: HostOption,
  {
    flag,
    wanted,
    inventory,
  }: { readonly flag: string; readonly wanted: string; readonly inventory: Inventory },
): Host {
  const hosts = option.hosts(inventory);
  const host = hosts.find(({ name }) => name === wanted);
  if (host) return host;
  throw new SelectionError(
    `${flag} names "${wanted}", which is not a ${option.what}`,
    `name one of ${hosts.map(({ name }) => name).join(', ')}`,
  );
}
