import { basename } from 'node:path';
import { SECRETS_NAME } from '../secrets/files.ts';
import { hasErrors, inFileOrder, START, type LocatedProblem, type Position } from '../yaml/problem.ts';
import { isRecord, parseYaml, type ParsedYaml } from '../yaml/parse.ts';
import { nearest, suggestion } from '../yaml/nearest.ts';
import { readText } from '../yaml/read.ts';
import { draftOf, type Draft } from './draft.ts';
import {
  looksSecret,
  problemsOf,
  unknownKey,
  withoutEchoes,
  type ShapeProblem,
  plainMessage,
  show,
} from './explain.ts';
import { hostProblems } from './host-rules.ts';
import { loginProblems } from './login-rules.ts';
import type { InventoryProblem } from './problem.ts';
import { quorumProblems } from './quorum.ts';
import { fixedSchema, OWN_KEY, DEFAULT_PLATFORM } from './schema.ts';
import {
  extraVotes,
  readSections,
  sectionProblems,
  unusedSections,
  type SettingsSection,
} from './sections.ts';
import type { Inventory, Host, Vip } from './types.ts';
import { vipProblems, parseCidr } from './vip-rules.ts';
import { bare } from '../yaml/bare.ts';
import { sshSettingsOf, jumpProblems, jumpsTo } from './logins.ts';
import { formatIpv4 } from './network.ts';

export interface LoadOptions {
  /** The playbooks whose keys the inventory may have. */
  readonly playbooks: readonly SettingsSection[];
  /** Supported operating systems; the first one is suggested. */
  readonly platforms: readonly string[];
  /** A playbook that the inventory names could not be loaded, so an unknown key may belong to it. */
  readonly incomplete?: boolean;
}

/** An inventory as written. The playbooks that it names can be loaded before it is checked. */
export interface WrittenInventory {
  readonly file: string;
  readonly yaml: ParsedYaml;
  /** The files of the user's own playbooks, each with its place. */
  readonly playbooks: readonly NamedPlaybook[];
}

export interface NamedPlaybook extends Position {
  /** As written: relative to the inventory. */
  readonly name: string;
}

/** An inventory, or the problems that make it invalid. */
export interface LoadedInventory {
  /** Present only if no problem is an error. */
  readonly inventory?: Inventory;
  /** Every mistake at once, in the order of the file. */
  readonly problems: readonly LocatedProblem[];
}

type Values = Readonly<Record<string, unknown>>;

/** Keys that may have no value, as when everything below them is commented out. */
const MAY_BE_EMPTY = ['ssh', 'hosts', 'vips', 'drill'];

/** The mistakes of shape in the keys of every inventory, and unknown keys. */
function shapeProblems(raw: Values, options: LoadOptions): readonly InventoryProblem[] {
  const fixed = Object.keys(fixedSchema.shape);
  const names = options.playbooks.map((section) => section.name);
  const former = options.playbooks.flatMap(({ formerly }) => formerly ?? []);
  const unknown = Object.keys(raw).filter(
    (key) => !options.incomplete && ![...fixed, ...names, ...former].includes(key) && !OWN_KEY.test(key),
  );
  const known = Object.fromEntries(
    Object.entries(raw)
      .filter(([key]) => fixed.includes(key))
      .map(([key, value]) => [key, value === null && MAY_BE_EMPTY.includes(key) ? {} : value]),
  );
  const result = fixedSchema.safeParse(known, { error: plainMessage, reportInput: true });
  return withoutEchoes([
    ...unknown.map((key) => unknownSection(key, [...fixed, ...names])),
    ...(result.success ? [] : problemsOf(result.error.issues, fixedSchema, [])),
  ]);
}

/** An unknown top-level key is misspelt, or belongs to a playbook that the inventory does not name. */
function unknownSection(key: string, known: readonly string[]): ShapeProblem {
  const problem = unknownKey([key], key, known);
  if (nearest(key, known) !== undefined || looksSecret(key)) return problem;
  const hint = 'remove it; if it is for a playbook of your own, name that: playbooks: [./FILE.ts]';
  return { ...problem, hint };
}

/** A command of the wrong type is reported as such, not as missing. */
function drillProblems(raw: Values): readonly InventoryProblem[] {
  const drill = raw['drill'];
  if (!isRecord(drill) || !Object.hasOwn(drill, 'start_command')) return [];
  if (Object.hasOwn(drill, 'stop_command')) return [];
  const message = 'start_command without stop_command';
  const hint = 'add the command that stops the host: drill: { stop_command: ... }';
  return [{ severity: 'error', path: ['drill', 'start_command'], at: 'key', message, hint }];
}

function emptyHosts(raw: Values): readonly InventoryProblem[] {
  const hosts = raw['hosts'] ?? {};
  if (!Object.hasOwn(raw, 'hosts') || !isRecord(hosts) || Object.keys(hosts).length > 0) return [];
  const hint = 'add one, such as controller1: { address: 10.0.0.11, roles: [controller] }';
  return [{ severity: 'error', path: ['hosts'], at: 'key', message: 'there are no hosts', hint }];
}

function platformProblems(draft: Draft, platforms: readonly string[]): readonly InventoryProblem[] {
  if (draft.platform === undefined || platforms.includes(draft.platform)) return [];
  const message = `unknown platform "${draft.platform}"`;
  return [{ severity: 'error', path: ['platform'], message, hint: suggestion(draft.platform, platforms) }];
}

/** `sound` is false where keys are duplicated: counts would then differ from what the author sees. */
function check(
  file: string,
  raw: Values,
  sound: boolean,
  options: LoadOptions,
): { inventory: Inventory; problems: readonly InventoryProblem[] } {
  const draft = draftOf(raw);
  const shape = shapeProblems(raw, options);
  const sections = readSections(raw, options.playbooks);
  const meaning = [
    ...emptyHosts(raw),
    ...platformProblems(draft, options.platforms),
    ...hostProblems(draft),
    ...jumpProblems(draft),
    ...vipProblems(draft),
    ...loginProblems(draft, file),
    ...drillProblems(raw),
  ];
  const problems = [...shape, ...meaning, ...sections.problems];
  // Playbooks know only existing platforms: the default replaces any other.
  const known = hasErrors(platformProblems(draft, options.platforms))
    ? { ...draft, platform: undefined }
    : draft;
  // Circular jumps would never end.
  const solid = hasErrors(jumpProblems(draft)) ? { ...known, hosts: [] } : known;
  const name = typeof raw['name'] === 'string' ? raw['name'] : '';
  const inventory = inventoryOf(solid, file, name, sections.settings);
  // Without a host or VIP that was left out, playbooks would report false mistakes.
  const whole =
    sound && !hasErrors(shape) && inventory.hosts.length > 0 && inventory.vips.length === draft.vips.length;
  if (!whole) return { inventory, problems };
  return {
    inventory,
    problems: [
      ...problems,
      ...quorumProblems(draft, extraVotes(options.playbooks, sections.settings)),
      ...unusedSections(raw, inventory, options.playbooks, hasErrors(sections.problems)),
      ...sectionProblems(raw, inventory, options.playbooks),
    ],
  };
}

/** Parses the text of an inventory that was read from `file`. Never throws. */
export function parseInventory(file: string, text: string): WrittenInventory {
  return written(file, parseYaml(file, text));
}

/** Reads an inventory without checking its content. Never throws. */
export function readInventory(file: string): WrittenInventory {
  const read = readText(file);
  return read.problem === undefined
    ? parseInventory(file, read.text)
    : written(file, { problems: [read.problem], locate: () => START });
}

function written(file: string, yaml: ParsedYaml): WrittenInventory {
  const entries: unknown = isRecord(yaml.value) ? yaml.value['playbooks'] : undefined;
  const names: readonly unknown[] = Array.isArray(entries) ? entries : [];
  return {
    file,
    yaml,
    playbooks: names.flatMap((name, index) =>
      typeof name === 'string' && name !== '' ? [{ name, ...yaml.locate(['playbooks', index]) }] : [],
    ),
  };
}

/**
 * Checks an inventory; finds every mistake at once and never throws for its content. Local files that it names (keys,
 * known hosts) are inspected; no name is resolved and no host is contacted.
 */
export function checkWritten({ file, yaml }: WrittenInventory, options: LoadOptions): LoadedInventory {
  const refused = (message: string, hint: string): LoadedInventory => {
    const problem: LocatedProblem = { severity: 'error', file, ...yaml.locate([]), message, hint };
    return { problems: inFileOrder([...yaml.problems, problem]) };
  };
  if (yaml.value === undefined && yaml.problems.length > 0) return { problems: yaml.problems };
  if (yaml.value === undefined || yaml.value === null) {
    return refused('the file is empty', 'run "osha init" for an inventory to start from');
  }
  if (basename(file) === SECRETS_NAME) {
    return refused('these are secrets, not an inventory', 'give the inventory next to them');
  }
  if (!isRecord(yaml.value)) {
    const message = `expected keys and their values, found ${show(yaml.value)}`;
    return refused(message, 'start with "name: ..." and "hosts:"');
  }
  const { inventory, problems } = check(file, yaml.value, yaml.problems.length === 0, options);
  const located = problems.map(({ severity, path, at, message, hint }) => ({
    severity,
    file,
    ...yaml.locate(path, at),
    message,
    ...(hint === undefined ? {} : { hint }),
  }));
  const all = inFileOrder([...yaml.problems, ...located]);
  return hasErrors(all) ? { problems: all } : { inventory, problems: all };
}

/** Checks the text of an inventory that was read from `file`. See `checkWritten`. */
export function checkInventory(file: string, text: string, options: LoadOptions): LoadedInventory {
  return checkWritten(parseInventory(file, text), options);
}

/** Reads and checks an inventory. See `checkWritten`. */
export function loadInventory(file: string, options: LoadOptions): LoadedInventory {
  return checkWritten(readInventory(file), options);
}

/** The inventory of a draft without errors. Incomplete hosts and VIPs are left out. */
function inventoryOf(
  draft: Draft,
  file: string,
  name: string,
  settings: Readonly<Record<string, unknown>>,
): Inventory {
  const hosts = draft.hosts.flatMap((host): readonly Host[] => {
    if (host.address === undefined) return [];
    const jump = jumpsTo(draft, host, file);
    const ssh = { ...sshSettingsOf(draft, host, file), ...(jump === undefined ? {} : { jump }) };
    const { name, address, networks, roles, controller } = host;
    return [{ name, address, networks: bare(networks), roles, controller, ssh }];
  });
  const vips = draft.vips.flatMap((vip): readonly Vip[] => {
    const cidr = parseCidr(vip.address ?? '');
    const { name, interface: device, by, haproxy } = vip;
    if (cidr === undefined || device === undefined) return [];
    const { prefixLength } = cidr;
    const address = formatIpv4(cidr.address);
    const holders = vip.holders.map((host) => host.name);
    return [{ name, address, prefixLength, interface: device, by, haproxy, holders }];
  });
  const { drill, platform = DEFAULT_PLATFORM } = draft;
  return { name, file, platform, hosts, vips, ...(drill ? { drill } : {}), settings };
}
