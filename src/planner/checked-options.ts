import type { Host, Inventory } from '../inventory/types.ts';
import type { HostOption } from '../playbook/host-option.ts';
import type { Playbook } from '../playbook/playbook.ts';
import { SelectionError } from './selection.ts';

/** Host names by option: what the operator gave to this run. */
export type GivenOptions = Readonly<Partial<Record<string, string>>>;

/** What may be lost by an option that was given. */
export interface Loss {
  /** The phase that takes the option. */
  readonly phase: string;
  /** As the command line has it, without its value. */
  readonly option: string;
  /** In sentences. */
  readonly text: string;
}

/**
 * Throws `SelectionError` where an option was given that no phase of this run takes, or that names another host than it
 * may, or one that `--limit` leaves out. Returns what may be lost by the options given. Pure.
 */
export function checkedOptions(
  given: GivenOptions,
  parts: {
    readonly inventory: Inventory;
    /** Those that the inventory has hosts for. */
    readonly present: readonly Playbook[];
    /** Those of them that run. */
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
      throw new SelectionError(`${flag} is for a phase that this inventory does not have`, `omit ${flag}`);
    }
    if (!selected.includes(phase)) {
      throw new SelectionError(
        `${flag} is for the phase ${phase.name}, which this run leaves out`,
        `add ${phase.name} to --only, or omit --only, --skip and --from`,
      );
    }
    const host = hostOf(option, { flag, wanted, inventory });
    if (!allowed.has(host.name)) {
      throw new SelectionError(
        `${flag} names ${host.name}, which --limit leaves out`,
        `add ${host.name} to --limit`,
      );
    }
    const text = option.loses?.(host, inventory);
    return text === undefined ? [] : [{ phase: phase.name, option: flag, text }];
  });
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
    `${flag} names "${wanted}", which is no ${option.what}`,
    `name one of ${hosts.map(({ name }) => name).join(', ')}`,
  );
}
