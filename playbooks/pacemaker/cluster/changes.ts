import { type Change, type Effect, quote, type Text, text, quoteAll, type ResourceKey } from 'osha';
import {
  cloneOf,
  OPERATIONS,
  type DesiredConstraint,
  type DesiredGroup,
  type DesiredResource,
  constraintInWords,
  sameConstraint,
  type DesiredFence,
} from './desired.ts';
import { type Cib, type CibResource, type CibConstraint, RECORD } from './resource-state.ts';
import { element, escapeXml } from './xml.ts';

/** Returns the pending constraints to create together with new IDs; each constraint is returned only once. */
export type Attach = (ids: readonly string[]) => readonly DesiredConstraint[];

/** One step of a batch: summary, effects, commands, and the IDs it creates. */
interface Part {
  readonly words: string;
  readonly effects: readonly Effect[];
  readonly commands: readonly string[];
  readonly makes: readonly string[];
}

function together(parts: readonly Part[], attached: readonly DesiredConstraint[]): Change {
  const all: readonly Part[] = [
    ...parts,
    ...attached.map((one) => ({
      words: constraintInWords(one),
      // It concerns resources created in the same batch, which do not run yet.
      effects: [],
      commands: [constraintCommand(one)],
      makes: [constraintId(one)],
    })),
  ];
  return batch(all.map(({ words }) => words).join('; '), {
    effects: [...new Set(all.flatMap(({ effects }) => effects))],
    commands: all.flatMap(({ commands }) => commands),
    makes: all.flatMap(({ makes }) => makes),
  });
}

function creation(
  desired: DesiredResource,
  where: { readonly words?: string; readonly place?: string; readonly effects?: readonly Effect[] },
): Part {
  const { id, agent, clone } = desired;
  return {
    words: `create ${id} (${agent})${clone ? ' on every member' : ''}${where.words ?? ''}`,
    effects: where.effects ?? ['starts'],
    commands: [
      edit(
        `resource create ${id} ${agent}${optionWords(desired.options)}${operationWords(desired)}${clone ? ' clone' : ''}${where.place ?? ''}`,
      ),
    ],
    makes: [id, ...(clone ? [cloneOf(id)] : [])],
  };
}

/** Commands that remove a resource from its clone or group. */
function leaving(found: CibResource): readonly string[] {
  if (found.cloned) return [edit(`resource unclone ${found.id}`)];
  return found.group === undefined ? [] : [edit(`resource group remove ${found.group} ${found.id}`)];
}

/** The existing resource if its agent is the desired one; otherwise the change that removes it. */
function kept(desired: DesiredResource, cib: Cib): { found?: CibResource; removal: readonly Change[] } {
  const found = cib.resources.find(({ id }) => id === desired.id);
  if (!found) return { removal: [] };
  if (found.agent === desired.agent) return { found, removal: [] };
  const words = `remove ${found.id}, a resource of another agent (${found.agent})`;
  // Without --force, pcs stops it first: otherwise it and its replacement could run at the same time.
  return { removal: [pcs(words, `resource delete ${found.id}`, ['stops'])] };
}

/** Changes for a resource outside groups. */
export function resourceChanges(desired: DesiredResource, cib: Cib, attach: Attach): readonly Change[] {
  const { id, clone = false } = desired;
  const { found, removal } = kept(desired, cib);
  const ids = [id, ...(clone ? [cloneOf(id)] : [])];
  if (!found) return [...removal, together([creation(desired, {})], attach(ids))];
  const moves = found.cloned !== clone || found.group !== undefined;
  const words =
    found.group === undefined
      ? `run ${id} on ${clone ? 'every member' : 'one member only'}`
      : `remove ${id} from the group ${found.group}${clone ? ', to run on every member' : ''}`;
  const commands = [...leaving(found), ...(clone ? [edit(`resource clone ${id}`)] : [])];
  const makes = clone ? [cloneOf(id)] : [];
  return [
    ...(moves ? [together([{ words, effects: MOVES, commands, makes }], attach(ids))] : []),
    ...optionChanges(desired, found),
    ...(found.disabled ? [enabling(id)] : []),
  ];
}

/** The resource moves to other hosts, or to another place in the start order. */
const MOVES: readonly Effect[] = ['stops', 'restarts'];

/** Changes for a group: its members, their order, and each resource. */
export function groupChanges(group: DesiredGroup, cib: Cib, attach: Attach): readonly Change[] {
  const live = cib.groups.find(({ id }) => id === group.id);
  const resources = group.resources.map((desired) => ({ desired, ...kept(desired, cib) }));
  const ids = group.resources.map(({ id }) => id);
  const inside = (live?.resources ?? []).filter((id) =>
    resources.some(({ desired, found }) => found !== undefined && desired.id === id),
  );
  const inOrder = inside.join() === ids.filter((id) => inside.includes(id)).join();
  const parts = resources.flatMap(({ desired, found }, index): readonly Part[] => {
    const before = ids[index - 1];
    const next = inside[0];
    const place =
      before === undefined ? (next === undefined ? '' : ` --before ${next}`) : ` --after ${before}`;
    const position = before === undefined ? '' : ` after ${before}`;
    if (!found) {
      const words = ` in the group ${group.id}${position}`;
      // Resources after it in the group restart.
      const effects: readonly Effect[] = live === undefined ? ['starts'] : ['starts', 'restarts'];
      return [creation(desired, { words, place: ` --group ${group.id}${place}`, effects })];
    }
    const add = edit(`resource group add ${group.id} ${desired.id}${place}`);
    if (found.group !== group.id) {
      const words = `move ${desired.id} into the group ${group.id}${position}`;
      return [{ words, effects: MOVES, commands: [...leaving(found), add], makes: [] }];
    }
    if (inOrder || before === undefined) return [];
    return [{ words: `put ${desired.id} after ${before}`, effects: MOVES, commands: [add], makes: [] }];
  });
  const made = parts.map((part) => ({ ...part, makes: [group.id, ...part.makes] }));
  return [
    ...resources.flatMap(({ removal }) => removal),
    ...(made.length === 0 ? [] : [together(made, attach([group.id, ...ids]))]),
    ...resources.flatMap(({ desired, found }) => (found ? optionChanges(desired, found) : [])),
    ...resources.flatMap(({ found }) => (found?.disabled ? [enabling(found.id)] : [])),
    ...(live?.disabled ? [enabling(group.id)] : []),
  ];
}

function optionChanges(desired: DesiredResource, found: CibResource): readonly Change[] {
  const { timeoutSeconds } = desired;
  const limits = timeoutSeconds === undefined ? [] : OPERATIONS;
  const operations = [
    ['monitor', `${desired.monitorSeconds}s`, found.monitor ?? ''] as const,
    ...limits.map(
      (name) => [`limit of ${name}`, `${timeoutSeconds}s`, found.timeouts.get(name) ?? ''] as const,
    ),
  ].filter(([, value, before]) => value !== before);
  const options = [
    ...Object.entries(desired.options).map(
      ([name, value]) => [name, value, found.options.get(name) ?? ''] as const,
    ),
  ].filter(([, value, before]) => value !== before);
  const changed = [...options, ...operations];
  if (changed.length === 0) return [];
  const words = changed.map(([name, value, before]) => `${name} from ${before || 'nothing'} to ${value}`);
  return [
    pcs(
      `change ${desired.id}: ${words.join(', ')}`,
      `resource update ${desired.id}${optionWords(desired.options)}${operationWords(desired)}`,
      options.length === 0 ? [] : ['restarts'],
    ),
  ];
}

function enabling(id: string): Change {
  return pcs(`enable ${id}`, `resource enable ${id}`, ['starts']);
}

/** The ID of a constraint created by osha. */
export function constraintId({ kind, resource, other }: DesiredConstraint): string {
  return `${kind}-${resource}-${other}`;
}

const ELEMENTS = {
  order: ['rsc_order', 'first', 'then', 'kind'],
  colocation: ['rsc_colocation', 'rsc', 'with-rsc', 'score'],
  location: ['rsc_location', 'rsc', 'node', 'score'],
} as const;

/** The batch command that creates a constraint. */
export function constraintCommand(wanted: DesiredConstraint): string {
  const [name, resource, other, strength] = ELEMENTS[wanted.kind];
  const xml = element(name, {
    id: constraintId(wanted),
    [resource]: wanted.resource,
    [other]: wanted.other,
    [strength]: wanted.strength,
  });
  return `cibadmin --create --scope constraints --xml-text ${quote(xml)}`;
}

/** The batch command that removes a constraint. */
export function constraintRemoval(found: CibConstraint): string {
  const xml = element(ELEMENTS[found.kind][0], { id: found.id });
  return `cibadmin --delete --scope constraints --xml-text ${quote(xml)}`;
}

/**
 * Whether the desired constraint replaces an existing one: one of another strength between the same two would stay in
 * force, and a reversed order would contradict it. Constraints of `pcs resource ban` and `move` belong to the operator.
 */
export function replaces(wanted: DesiredConstraint, found: CibConstraint): boolean {
  if (found.kind !== wanted.kind || found.id.startsWith('cli-')) return false;
  if (found.resource === wanted.resource && found.other === wanted.other) return true;
  return found.kind === 'order' && found.resource === wanted.other && found.other === wanted.resource;
}

/** Changes for one constraint between existing resources. */
export function constraintChanges(wanted: DesiredConstraint, cib: Cib): readonly Change[] {
  if (cib.constraints.some((found) => sameConstraint(wanted, found))) return [];
  const old = cib.constraints.filter((found) => replaces(wanted, found));
  const instead = old.map((found) => `it is ${found.strength}`).join(', ');
  return [
    batch(`${constraintInWords(wanted)}${instead === '' ? '' : `; ${instead}`}`, {
      // A resource on a forbidden host moves, or stops when no host remains.
      effects: ['stops', 'restarts'],
      commands: [...old.map(constraintRemoval), constraintCommand(wanted)],
      makes: [constraintId(wanted)],
    }),
  ];
}

/** Monitor interval of fence devices: BMCs do not cope well with frequent queries. */
const MONITOR_SECONDS = 60;

/** The agent of a fence device, as in `CibResource`. */
function agentOf(fence: DesiredFence): string {
  return `stonith:${fence.agent}`;
}

function optionsOf(fence: DesiredFence): Readonly<Record<string, string>> {
  return { pcmk_host_list: fence.hosts.join(' '), ...fence.options };
}

/** The XML of a fence device for the CIB; existing options are matched by ID. */
function xmlOf(fence: DesiredFence): Text {
  const set = `${fence.id}-instance_attributes`;
  const pair = (name: string, value: Text): Text =>
    text`<nvpair id="${set}-${escapeXml(name)}" name="${escapeXml(name)}" value="${value}"/>`;
  const { password } = fence;
  const pairs = [
    ...Object.entries(optionsOf(fence)).map(([name, value]) => pair(name, escapeXml(value))),
    ...(password ? [pair(password.option, password.value.derive(escapeXml))] : []),
  ];
  return text`<primitive id="${fence.id}" class="stonith" type="${escapeXml(fence.agent)}">
<instance_attributes id="${set}">
${pairs}
</instance_attributes>
<operations><op id="${fence.id}-monitor" name="monitor" interval="${MONITOR_SECONDS}s"/></operations>
</primitive>
`;
}

/** Changes for one fence device. Its password is compared, but never part of a summary. */
export function fenceChanges(
  fence: DesiredFence,
  cib: Cib,
  attached: readonly DesiredConstraint[],
): readonly Change[] {
  const found = cib.resources.find(({ id }) => id === fence.id);
  const { password } = fence;
  const differences = Object.entries(optionsOf(fence))
    .filter(([name, value]) => found?.options.get(name) !== value)
    .map(([name, value]) => `${name} from ${found?.options.get(name) ?? 'nothing'} to ${value}`);
  if (password && found?.options.get(password.option) !== password.value.reveal()) {
    differences.push('its password');
  }
  if (found && found.agent !== agentOf(fence)) differences.push(`${found.agent} to ${agentOf(fence)}`);
  if (found && differences.length === 0) return [];
  const constraints = attached.map((one) => `; ${constraintInWords(one)}`).join('');
  return [
    batch(
      found
        ? `change the fence device ${fence.id}: ${differences.join(', ')}`
        : `create the fence device ${fence.id} (${fence.agent}) for ${fence.hosts.join(', ')}${constraints}`,
      {
        // Only the device resource restarts, which no client uses.
        effects: [found ? 'restarts' : 'starts'],
        commands: [
          'cibadmin --modify --allow-create --scope resources --xml-file "$d/in"',
          ...attached.map(constraintCommand),
        ],
        makes: [fence.id, ...attached.map(constraintId)],
        input: xmlOf(fence),
      },
    ),
  ];
}

const TOUCHES: readonly ResourceKey[] = ['cluster:resources'];

/** One pcs command on the live cluster; `effects` are all that it may cause to resources. */
export function pcs(summary: string, command: string, effects: readonly Effect[]): Change {
  return { summary, effects, script: `pcs ${command}`, touches: TOUCHES };
}

interface Batch {
  /** All effects that it may have on resources. */
  readonly effects: readonly Effect[];
  /** Commands on a copy of the configuration: `edit(...)`, cibadmin and the like. */
  readonly commands: readonly string[];
  /** IDs that they create. */
  readonly makes?: readonly string[];
  /** Commands to run on the live cluster first. */
  readonly before?: readonly string[];
  /** Input for the commands, in the file "$d/in". */
  readonly input?: Text;
  readonly prunes?: true;
}

/** A pcs command on the copy of a batch. */
export function edit(command: string): string {
  return `pcs -f "$d/new" ${command}`;
}

/**
 * Several commands as one change: made on a copy of the CIB and applied at once, so that nothing starts without its
 * constraints. The same change updates the record of IDs that osha created.
 */
export function batch(
  summary: string,
  { effects, commands, makes = [], before = [], input, prunes }: Batch,
): Change {
  return {
    summary,
    effects,
    // Only the difference is applied, which preserves concurrent changes of others.
    script: `${before.map((command) => `${command}\n`).join('')}d=$(mktemp -d)
trap 'rm -rf -- "$d"' EXIT
${input === undefined ? '' : 'cat >"$d/in"\n'}cibadmin --query >"$d/old"
cp "$d/old" "$d/new"
export CIB_file="$d/new"
${commands.map((command) => `${command}\n`).join('')}cibadmin --query --scope configuration >"$d/conf"
made=$(crm_attribute --type crm_config --name ${RECORD} --query --quiet 2>/dev/null) || made=
kept=
for id in $made ${quoteAll(makes)}; do
  grep -q " id=\\"$id\\"" "$d/conf" || continue
  case " $kept " in *" $id "*) ;; *) kept="$kept\${kept:+ }$id" ;; esac
done
[ "$kept" = "$made" ] || crm_attribute --type crm_config --name ${RECORD} --update "$kept"
unset CIB_file
crm_diff --original "$d/old" --new "$d/new" --no-version >"$d/patch" || [ $? -eq 1 ]
[ ! -s "$d/patch" ] || cibadmin --patch --xml-file "$d/patch"`,
    touches: TOUCHES,
    ...(input === undefined ? {} : { input }),
    ...(prunes ? { prunes } : {}),
  };
}

/**
 * Operation arguments for pcs: ` op start interval=0s timeout=60s op ... op monitor interval=10s timeout=60s`. `pcs resource
 * update` resets what it is not given about an operation that it is given.
 */
export function operationWords({ monitorSeconds, timeoutSeconds }: DesiredResource): string {
  if (timeoutSeconds === undefined) return ` op monitor interval=${monitorSeconds}s`;
  return OPERATIONS.map(
    (name) => ` op ${name} interval=${name === 'monitor' ? monitorSeconds : 0}s timeout=${timeoutSeconds}s`,
  ).join('');
}

/** Option arguments for pcs: ` 'ip=10.0.0.20' 'nic=eth0'`. */
export function optionWords(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => ` ${quote(`${name}=${value}`)}`)
    .join('');
}
