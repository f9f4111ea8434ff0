import { OshaError } from '../text/error.ts';
import { type Host, type Inventory, ROLES } from '../inventory/types.ts';
import { hostsMeant } from '../inventory/roles.ts';

/** The values of `--only`, `--skip`, `--from` and `--limit`. */
export interface Selection {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  /** A phase, and optionally the step in it to start with. */
  readonly from?: { readonly phase: string; readonly step?: string };
  /** Host names and roles. */
  readonly limit?: readonly string[];
}

/** A selection that names something unknown: exit code 2. */
export class SelectionError extends OshaError {
  override name = 'SelectionError';

  constructor(message: string, hint: string) {
    super(message, { hint, exitCode: 2 });
  }
}

/** The source of the phases to select from. */
export interface PhaseSource {
  /** Its name in messages; default "this inventory". */
  readonly of?: string;
  /** The user named all of them, so manual phases run too. */
  readonly named?: true;
}

/** Replaces former names of phases in a selection. */
export function byPresentNames(
  selection: Selection,
  phases: readonly { readonly name: string; readonly formerly?: string }[],
): Selection {
  const present = (wanted: string): string =>
    phases.find(({ formerly }) => formerly === wanted)?.name ?? wanted;
  const { only, skip, from } = selection;
  return {
    ...selection,
    ...(only && { only: only.map(present) }),
    ...(skip && { skip: skip.map(present) }),
    ...(from && { from: { ...from, phase: present(from.phase) } }),
  };
}

/** The selected phases, in the given order; manual ones only if `--only` or `--from` names them. Throws `SelectionError`. */
export function selectPhases<P extends { readonly name: string; readonly manual?: true }>(
  phases: readonly P[],
  selection: Selection,
  { of = 'this inventory', named: allNamed }: PhaseSource = {},
): readonly P[] {
  const names = phases.map((phase) => phase.name);
  const demandKnown = (option: string, wanted: string): void => {
    if (!names.includes(wanted)) {
      throw new SelectionError(
        `${option}: ${of} has no phase "${wanted}"`,
        `its phases are: ${names.join(', ')}`,
      );
    }
  };
  for (const name of selection.only ?? []) demandKnown('--only', name);
  for (const name of selection.skip ?? []) demandKnown('--skip', name);
  if (selection.from) demandKnown('--from', selection.from.phase);
  const named = [...(selection.only ?? []), ...(selection.from ? [selection.from.phase] : [])];
  const first = selection.from ? names.indexOf(selection.from.phase) : 0;
  return phases.filter(
    (phase, index) =>
      index >= first &&
      (allNamed === true || !phase.manual || named.includes(phase.name)) &&
      (selection.only === undefined || selection.only.includes(phase.name)) &&
      !(selection.skip ?? []).includes(phase.name),
  );
}

/** The hosts selected by `--limit`, in inventory order; all without it. Throws `SelectionError`. */
export function selectHosts(
  inventory: Pick<Inventory, 'hosts'>,
  limit: readonly string[] | undefined,
): readonly Host[] {
  if (limit === undefined) return inventory.hosts;
  const wanted = new Set<string>();
  for (const name of limit) {
    const matching = hostsMeant(name, inventory.hosts);
    if (matching.length === 0) {
      const isRole = name === 'controller' || (ROLES as readonly string[]).includes(name);
      throw new SelectionError(
        isRole
          ? `no host has the role "${name}"`
          : `"${name}" is neither a host of this inventory nor a role`,
        `its hosts are: ${inventory.hosts.map((host) => host.name).join(', ')}`,
      );
    }
    for (const host of matching) wanted.add(host.name);
  }
  return inventory.hosts.filter((host) => wanted.has(host.name));
}
