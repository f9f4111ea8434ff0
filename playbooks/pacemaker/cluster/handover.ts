import {
  type Change,
  type Operation,
  parseUnitState,
  ProbeError,
  quote,
  unitProbeScript,
  type UnitState,
  within,
} from 'osha';
import {
  parseResourceState,
  RESOURCE_SCRIPT,
  type ResourceState,
  type Monitor,
  type Cib,
  type CibResource,
} from './resource-state.ts';

export interface HandoverState {
  readonly unit: UnitState;
  /** Node name of this host in the cluster. */
  readonly node: string;
  /** State of the cluster; absent when it does not respond here. */
  readonly cluster?: ResourceState | undefined;
}

const SEPARATOR = '-- cluster';

/**
 * Hands a unit that runs on one host at a time over from systemd to the cluster: it is disabled at boot, and stopped when
 * the cluster runs it on another host, or has no resource for it yet and could start one. It stays running when the
 * cluster runs it here, does not respond, or could start nothing.
 */
export function handedOver(unit: string): Operation<HandoverState> {
  return {
    scope: 'host',
    title: `${unit} is left to the cluster`,
    effects: ['stops'],
    probe: {
      script: `(${unitProbeScript(unit, [])})
echo '${SEPARATOR}'
crm_node --name 2>/dev/null || uname -n
${RESOURCE_SCRIPT}
exit 0`,
      reads: [`unit:${unit}`, 'cluster:pacemaker', 'cluster:resources', 'unit:pacemaker'],
      parse: (answer) => {
        const [state = '', rest = ''] = answer.stdout.split(`${SEPARATOR}\n`);
        const [node = ''] = rest.split('\n');
        return {
          unit: parseUnitState(unit, { ...answer, stdout: state }),
          node: node.trim(),
          cluster: clusterOf(rest.slice(node.length + 1)),
        };
      },
    },
    decide: (state) => decideHandover(unit, state),
  };
}

function clusterOf(stdout: string): ResourceState | undefined {
  try {
    return parseResourceState(stdout);
  } catch (error) {
    if (error instanceof ProbeError) return undefined;
    throw error;
  }
}

/** Pure. See `handedOver`. Throws a `ProbeError` when it is unknown whether the unit would run elsewhere. */
export function decideHandover(
  unit: string,
  { unit: state, node, cluster }: HandoverState,
): readonly Change[] {
  const startsAtBoot = state.boot === 'enabled' && !state.masked;
  const runs = state.active !== 'inactive' && state.active !== 'failed';
  if (!startsAtBoot && !runs) return [];
  if (!cluster) {
    throw new ProbeError(
      `Pacemaker does not respond here, so it is unknown where it runs ${unit}; ${unit} stays unchanged (systemctl status pacemaker)`,
    );
  }
  return [...(startsAtBoot ? [disabling(unit)] : []), ...(runs ? stopping(unit, node, cluster) : [])];
}

function disabling(unit: string): Change {
  return {
    summary: `do not start ${unit} at boot`,
    effects: [],
    script: `systemctl disable ${quote(unit)}`,
    touches: [`unit:${unit}`],
  };
}

/** The resources of the cluster that run a unit. */
function resourcesOf(unit: string, cib: Cib): readonly CibResource[] {
  const name = unit.replace(/\.service$/, '');
  const agents = ['systemd', 'service', 'lsb'].flatMap((by) => [`${by}:${name}`, `${by}:${name}.service`]);
  return cib.resources.filter(({ agent }) => agents.includes(agent));
}

function stopping(unit: string, node: string, { cib, monitor }: ResourceState): readonly Change[] {
  const ids = resourcesOf(unit, cib).map(({ id }) => id);
  const hosts = ids.flatMap((id) => [...(monitor.runsOn.get(id) ?? [])]);
  if (hosts.includes(node)) return [];
  // A resource that runs nowhere: when the cluster starts it, it finds the unit running here and keeps it.
  if (ids.length > 0 && hosts.length === 0) return [];
  if (ids.length === 0) {
    const why = whyItCannotRun(monitor);
    if (why !== undefined) {
      throw new ProbeError(`${unit} stays unchanged, because the cluster could not run it: ${why}`);
    }
  }
  return [
    {
      summary:
        ids.length === 0
          ? `stop ${unit}: the cluster will run it on one host`
          : `stop ${unit} here: the cluster runs it on ${hosts.join(', ')}`,
      effects: ['stops'],
      script: `${ids.map((id) => unlessItMoved(id, node)).join('')}systemctl stop ${quote(unit)}`,
      touches: [`unit:${unit}`],
    },
  ];
}

function whyItCannotRun(monitor: Monitor): string | undefined {
  if (!monitor.quorate) return 'it has no quorum';
  if (monitor.maintenance) {
    return 'it is in maintenance mode (to end this: pcs property set maintenance-mode=false)';
  }
  if (monitor.stopsAll) {
    return 'it is set to stop all resources (to end this: pcs property set stop-all-resources=false)';
  }
  return monitor.online.size === 0 ? 'none of its members is online' : undefined;
}

/** Skips the stop if the cluster has moved the resource here since the probe. */
function unlessItMoved(id: string, node: string): string {
  return `crm_resource --wait --timeout=${within('pacemakerSettles')}s >/dev/null 2>&1 || :
on=$(crm_mon --one-shot --output-as=xml | sed -n '/<resource id="${id}" /,/<\\/resource>/s/.*<node name="\\([^"]*\\)".*/\\1/p')
case "
$on
" in
  *"
${node}
"*) exit 0 ;;
esac
[ -n "$on" ] || { echo 'the cluster no longer runs ${id} anywhere: it is not stopped here' >&2; exit 1; }
`;
}
