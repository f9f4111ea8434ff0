import { type Change, LIMITS, type Operation, ProbeError, quote, quoteAll, within } from 'osha';
import {
  withoutResources,
  type DesiredGroup,
  type DesiredResource,
  type DesiredResources,
  constraintInWords,
} from './desired.ts';
import { endOf, holdsInWords, holdsOf } from './hold.ts';
import { resourceProbe, type ResourceState } from './resource-state.ts';
import { constraintCommand, constraintId, batch, edit, operationWords, optionWords } from './changes.ts';

/** Maximum seconds for a resource to start, including dependent stops and starts. */
const START_SECONDS = LIMITS.pacemakerStarts;

/** Margin in which the script can report what it waited for before its own timeout. */
const GRACE_SECONDS = 60;

/** Number of checks, one second apart, after which an idle cluster is not expected to start it any more. */
const SETTLED_CHECKS = 3;

/** Phases that run in parallel may add resources to a group at the same time. */
const LOCK = '/run/lock/osha-pacemaker';

/**
 * Later resources of a group run on one host: they are added to the group, each at its place, or restarted after a failure.
 * Waits until all of them run, and fails with Pacemaker's own error otherwise. Runs once per cluster, when every host of
 * the group can start them. All else about the group is done by `resourcesConfigured`.
 */
export function groupResourcesRun(
  desired: DesiredResources,
  ids: readonly string[],
): Operation<ResourceState> {
  return {
    scope: 'host',
    runsOnce: true,
    title: `${ids.join(', ')} in the cluster`,
    effects: ['starts', 'restarts'],
    probe: resourceProbe,
    decide: (state) => decideGroupResources(desired, ids, state),
  };
}

/**
 * Pure. See `groupResourcesRun`. Throws a `ProbeError` when the group does not exist yet, or when the cluster cannot start
 * anything, with the command to end that.
 */
export function decideGroupResources(
  desired: DesiredResources,
  ids: readonly string[],
  state: ResourceState,
): readonly Change[] {
  const { cib, monitor } = state;
  const group = desired.groups.find(({ resources }) => resources.some(({ id }) => ids.includes(id)));
  if (!group) throw new Error(`${ids.join(', ')} are in no group`);
  if (!cib.groups.some(({ id }) => id === group.id)) {
    throw new ProbeError(
      `the cluster has no group ${group.id} yet; first: osha deploy INVENTORY --only pacemaker`,
    );
  }
  const resources = group.resources.filter(({ id }) => ids.includes(id));
  const present = new Set(cib.resources.map(({ id }) => id));
  const missing = resources.filter(({ id }) => !present.has(id));
  const stopped = resources.flatMap(({ id }) => {
    const found = cib.resources.find((one) => one.id === id);
    if (!found) return [];
    if (found.disabled) return [{ id, disabled: true, why: 'disabled' }];
    const failure = monitor.failed.get(id);
    const hosts = [...(monitor.runsOn.get(id) ?? [])];
    if (failure === undefined && hosts.length === 1) return [];
    const where = hosts.length === 0 ? 'stopped' : `it runs on ${hosts.join(' and ')}`;
    return [{ id, disabled: false, why: failure ?? where }];
  });
  if (missing.length === 0 && stopped.length === 0) return [];
  const why = whyItCannotRun(desired, group, state);
  if (why !== undefined) throw new ProbeError(`the cluster could not run ${ids.join(', ')}: ${why}`);
  const joined = missing.length > 0 ? joining(desired, group, missing, present) : undefined;
  return [
    {
      summary: [
        ...(joined ? [joined.summary] : []),
        ...stopped.map(({ id, why }) => `run ${id} in the cluster (${why})`),
      ].join('; '),
      effects: joined?.effects ?? ['starts'],
      script: [
        ...(joined ? [locked(joined.script)] : []),
        ...stopped.flatMap(({ id, disabled }) => [
          ...(disabled ? [`pcs resource enable ${id}`] : []),
          `pcs resource cleanup ${id} >/dev/null`,
        ]),
        waiting(group, resources, missing),
      ].join('\n'),
      touches: ['cluster:resources'],
      timeoutMs: (START_SECONDS + GRACE_SECONDS) * 1000,
    },
  ];
}

/** Why the cluster cannot run the group now, if so. */
function whyItCannotRun(
  desired: DesiredResources,
  group: DesiredGroup,
  { cib, monitor }: ResourceState,
): string | undefined {
  if (!monitor.quorate) return 'it has no quorum';
  const ids = [group.id, ...group.resources.map(({ id }) => id)];
  const barred = desired.constraints
    .filter(
      ({ kind, resource, strength }) =>
        kind === 'location' && resource === group.id && strength === '-INFINITY',
    )
    .map(({ other }) => other);
  const nowhere = [...monitor.online].every((host) => barred.includes(host));
  const holds = holdsOf(desired, monitor, cib).filter(({ host, resource }) =>
    host === undefined ? resource === undefined || ids.includes(resource) : nowhere && !barred.includes(host),
  );
  if (holds.length > 0) return `${holdsInWords(holds)} (to end this: ${endOf(holds)})`;
  return nowhere ? `no member that may run ${group.id} is online` : undefined;
}

/** The change that adds resources, each after the last existing one of those before it. */
function joining(
  desired: DesiredResources,
  group: DesiredGroup,
  missing: readonly DesiredResource[],
  present: ReadonlySet<string>,
): Change {
  const ids = group.resources.map(({ id }) => id);
  const isNew = (id: string): boolean => missing.some((member) => member.id === id);
  // Constraints with a resource that is still missing are created together with that one.
  const { constraints } = withoutResources(desired, ({ id }) => !isNew(id) && !present.has(id));
  const wanted = constraints.filter(({ resource, other }) => isNew(resource) || isNew(other));
  const words = missing.map(({ id, agent }) => `create ${id} (${agent}) in the group ${group.id}`);
  const first = Math.min(...missing.map(({ id }) => ids.indexOf(id)));
  // Resources after a new one restart.
  const isFollowed = ids.slice(first + 1).some((id) => present.has(id));
  return batch([...words, ...wanted.map(constraintInWords)].join('; '), {
    effects: isFollowed ? ['starts', 'restarts'] : ['starts'],
    commands: [
      ...missing.flatMap((resource) => [
        'at=',
        `for one in ${quoteAll(ids.slice(0, ids.indexOf(resource.id)))}; do`,
        '  ! grep -q "<primitive [^>]*id=\\"$one\\"" "$d/new" || at=$one',
        'done',
        edit(
          `resource create ${resource.id} ${resource.agent}${optionWords(resource.options)}${operationWords(resource)} --group ${group.id} \${at:+--after "$at"}`,
        ),
      ]),
      ...wanted.map(constraintCommand),
    ],
    makes: [...missing.map(({ id }) => id), ...wanted.map(constraintId)],
  });
}

function locked(script: string): string {
  return `exec 9>${LOCK}\nflock -w ${within('pacemakerStarts')} 9\n(\nset -e\n${script}\n)\nexec 9>&-`;
}

/**
 * Waits until each resource runs on one host, or until the cluster is idle: it does not retry a start that failed on every
 * host. New resources that cannot run are then removed from the group, because those after them depend on them; the next
 * deployment adds them again.
 */
function waiting(
  group: DesiredGroup,
  resources: readonly DesiredResource[],
  newcomers: readonly DesiredResource[],
): string {
  const all = group.resources.map(({ id }) => id).join('\\|');
  const units = resources.map(({ agent }) => `--unit=${quote(agent.replace(/^.*:/, ''))}`).join(' ');
  return `end=$(($(date +%s) + ${within('pacemakerStarts')})) settled=0
while [ "$(date +%s)" -lt $end ] && [ $settled -lt ${SETTLED_CHECKS} ]; do
  seen=$(crm_mon --one-shot --output-as=xml 2>/dev/null || :)
  left=
  for one in ${quoteAll(resources.map(({ id }) => id))}; do
    case $(printf '%s\\n' "$seen" | grep "<resource id=\\"$one\\" " || :) in
      *'role="Started"'*'failed="false"'*'nodes_running_on="1"'*) ;;
      *) left="$left $one" ;;
    esac
  done
  [ -n "$left" ] || exit 0
  if crm_resource --wait --timeout=${within('pacemakerSettlesOnce')}s >/dev/null 2>&1; then settled=$((settled + 1)); else settled=0; fi
  sleep 1
done
journalctl --no-pager --output=cat --lines=6 ${units} >&2 || :
echo "the cluster does not run$left of the group ${group.id}. Failures:" >&2
printf '%s\\n' "$seen" |
  sed -n 's/.*<failure op_key="\\(${all}\\)_\\([a-z]*\\)_[0-9]*" node="\\([^"]*\\)" exitstatus="\\([^"]*\\)" exitreason="\\([^"]*\\)".*/\\1: \\2 failed on \\3 (\\4) \\5/p' >&2${newcomers.length > 0 ? leaving(newcomers) : ''}
exit 1`;
}

function leaving(newcomers: readonly DesiredResource[]): string {
  return `
if [ $settled -ge ${SETTLED_CHECKS} ]; then
  for one in ${quoteAll(newcomers.map(({ id }) => id))}; do
    case "$left " in *" $one "*) pcs resource delete "$one" >/dev/null 2>&1 || echo "$one could not be removed again" >&2 ;; esac
  done
fi`;
}
