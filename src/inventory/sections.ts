import { isRecord } from '../yaml/parse.ts';
import { problemsOf, withoutEchoes, plainMessage } from './explain.ts';
import type { InventoryProblem } from './problem.ts';
import { ROLES, type Inventory, type Role, type Host } from './types.ts';
import { bare } from '../yaml/bare.ts';
import type { ZodType } from 'zod';

/** A key of the inventory that a playbook owns. Every `Playbook` is one. */
export interface SettingsSection {
  /** The key. */
  readonly name: string;
  /** The former name of the key, which is still read. */
  readonly formerly?: string;
  readonly title: string;
  /** The shape of its value; `{}` has to satisfy it. */
  readonly settings: ZodType;
  /** The hosts that it applies to. */
  hosts(inventory: Inventory): readonly Host[];
  /** The role of a cluster with one vote more than hosts: an arbitrator on another host votes in it. */
  extraVote?(settings: unknown): Role | undefined;
  /** Mistakes that only its playbook can find. */
  validate?(inventory: Inventory, settings: unknown): readonly InventoryProblem[];
}

/** The settings in the sections of an inventory. */
export interface ReadSections {
  /** Every section has an entry; defaults replace invalid ones, so that the rest can be checked. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly problems: readonly InventoryProblem[];
}

/** Parses each section's key with its schema. A key without a value is a section with defaults only. */
export function readSections(value: unknown, sections: readonly SettingsSection[]): ReadSections {
  const raw = isRecord(value) ? value : {};
  const problems: InventoryProblem[] = [...doubled(raw, sections)];
  const settings = sections.map((section) => {
    const key = keyOf(raw, section);
    const written = Object.hasOwn(raw, key) ? raw[key] : undefined;
    const result = section.settings.safeParse(written ?? {}, { error: plainMessage, reportInput: true });
    if (result.success) return [section.name, result.data] as const;
    problems.push(...withoutEchoes(problemsOf(result.error.issues, section.settings, [key])));
    return [section.name, section.settings.safeParse({}).data] as const;
  });
  return { settings: bare(Object.fromEntries(settings)), problems };
}

/**
 * Sections that are set but apply to no host. `guessed` means that defaults replace an invalid section; sections to
 * which no single role would give a host are then not reported, because that section may use them.
 */
export function unusedSections(
  value: unknown,
  inventory: Inventory,
  sections: readonly SettingsSection[],
  guessed: boolean,
): readonly InventoryProblem[] {
  const raw = isRecord(value) ? value : {};
  return sections.flatMap((section): readonly InventoryProblem[] => {
    const key = keyOf(raw, section);
    if (!Object.hasOwn(raw, key) || section.hosts(inventory).length > 0) return [];
    const roles = rolesWanted(inventory, section);
    if (roles.length === 0 && guessed) return [];
    const [why, what] =
      roles.length === 0
        ? ['nothing that is enabled uses it', 'enable what does']
        : [`no host has the role ${roles.join(' or ')}`, 'give a host that role'];
    const message = `${key} is set, but ${why}`;
    const hint = `${what}, or remove "${key}"`;
    return [{ severity: 'error', path: [key], at: 'key', message, hint }];
  });
}

/** The roles of clusters that have one vote more than hosts, according to their sections. */
export function extraVotes(
  sections: readonly SettingsSection[],
  settings: ReadSections['settings'],
): readonly Role[] {
  return sections.flatMap((section) => section.extraVote?.(settings[section.name]) ?? []);
}

/** The mistakes that the sections themselves find. Sections without hosts are skipped. */
export function sectionProblems(
  value: unknown,
  inventory: Inventory,
  sections: readonly SettingsSection[],
): readonly InventoryProblem[] {
  const raw = isRecord(value) ? value : {};
  return sections
    .filter((section) => section.hosts(inventory).length > 0)
    .flatMap((section) => {
      const problems = section.validate?.(inventory, inventory.settings[section.name]) ?? [];
      const key = keyOf(raw, section);
      return problems.map(({ path: [first, ...rest], ...problem }) =>
        first === undefined
          ? { ...problem, path: [] }
          : { ...problem, path: [first === section.name ? key : first, ...rest] },
      );
    });
}

/** The key of a section in an inventory: its name or its former name. */
function keyOf(raw: Readonly<Record<string, unknown>>, { name, formerly }: SettingsSection): string {
  return formerly !== undefined && !Object.hasOwn(raw, name) && Object.hasOwn(raw, formerly)
    ? formerly
    : name;
}

/** Sections that are set under both of their names. */
function doubled(
  raw: Readonly<Record<string, unknown>>,
  sections: readonly SettingsSection[],
): readonly InventoryProblem[] {
  return sections.flatMap(({ name, formerly }): readonly InventoryProblem[] => {
    if (formerly === undefined || !Object.hasOwn(raw, name) || !Object.hasOwn(raw, formerly)) return [];
    const message = `"${formerly}" is the former name of "${name}", which is set too`;
    return [
      { severity: 'error', path: [formerly], at: 'key', message, hint: `move its settings to "${name}"` },
    ];
  });
}

/** The roles that would each give a section a host. */
function rolesWanted(inventory: Inventory, section: SettingsSection): readonly Role[] {
  const [host] = inventory.hosts;
  if (host === undefined) return [];
  return ROLES.filter(
    (role) => section.hosts({ ...inventory, hosts: [{ ...host, roles: [role] }] }).length > 0,
  );
}
