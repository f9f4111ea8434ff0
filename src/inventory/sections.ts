import { isRecord } from '../yaml/parse.ts';
import { problemsOf, withoutEchoes } from './explain.ts';
import type { InventoryProblem } from './problem.ts';
import type { SettingsSection } from './section.ts';
import { ROLES, type Inventory, type Role } from './types.ts';
import { plainMessage } from './words.ts';
import { bare } from '../yaml/bare.ts';

/** What the sections of an inventory say. */
export interface ReadSections {
  /** Every section has an entry; defaults stand in for the ones that are wrong, so that the rest can be checked. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly problems: readonly InventoryProblem[];
}

/** Reads each section's own key by its schema. A key without a value is a section with defaults only. */
export function readSections(value: unknown, sections: readonly SettingsSection[]): ReadSections {
  const raw = isRecord(value) ? value : {};
  const problems: InventoryProblem[] = [];
  const settings = sections.map((section) => {
    const written = Object.hasOwn(raw, section.name) ? raw[section.name] : undefined;
    const result = section.settings.safeParse(written ?? {}, { error: plainMessage, reportInput: true });
    if (result.success) return [section.name, result.data] as const;
    problems.push(...withoutEchoes(problemsOf(result.error.issues, section.settings, [section.name])));
    return [section.name, section.settings.safeParse({}).data] as const;
  });
  return { settings: bare(Object.fromEntries(settings)), problems };
}

/** The roles of which any one would give a section a host. */
function rolesWanted(inventory: Inventory, section: SettingsSection): readonly Role[] {
  const [host] = inventory.hosts;
  if (host === undefined) return [];
  return ROLES.filter(
    (role) => section.hosts({ ...inventory, hosts: [{ ...host, roles: [role] }] }).length > 0,
  );
}

/**
 * Sections that are set but are for no host. With `guessed` some section's defaults stand in for what is wrong in it:
 * then nothing is said of those that no role alone would give a host, for they may be for what is written there.
 */
export function unusedSections(
  value: unknown,
  inventory: Inventory,
  sections: readonly SettingsSection[],
  guessed: boolean,
): readonly InventoryProblem[] {
  const raw = isRecord(value) ? value : {};
  return sections.flatMap((section): readonly InventoryProblem[] => {
    if (!Object.hasOwn(raw, section.name) || section.hosts(inventory).length > 0) return [];
    const roles = rolesWanted(inventory, section);
    if (roles.length === 0 && guessed) return [];
    const [why, what] =
      roles.length === 0
        ? ['nothing that is enabled uses it', 'enable what does']
        : [`no host has the role ${roles.join(' or ')}`, 'give a host that role'];
    const message = `${section.name} is set, but ${why}`;
    const hint = `${what}, or remove "${section.name}"`;
    return [{ severity: 'error', path: [section.name], at: 'key', message, hint }];
  });
}

/** The roles of clusters that have one vote more than hosts, as the sections themselves say. */
export function extraVotes(
  sections: readonly SettingsSection[],
  settings: ReadSections['settings'],
): readonly Role[] {
  return sections.flatMap((section) => section.extraVote?.(settings[section.name]) ?? []);
}

/** What the sections themselves find wrong. Only those that have hosts are asked. */
export function sectionProblems(
  inventory: Inventory,
  sections: readonly SettingsSection[],
): readonly InventoryProblem[] {
  return sections
    .filter((section) => section.hosts(inventory).length > 0)
    .flatMap((section) => section.validate?.(inventory, inventory.settings[section.name]) ?? []);
}
