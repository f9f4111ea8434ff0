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
import type { Cib, CibResource } from './cib.ts';
import type { Monitor } from './monitor.ts';
import { parseResourceState, RESOURCE_SCRIPT, type ResourceState } from './resource-state.ts';

export interface HandoverState {
  readonly unit: UnitState;
  /** What the cluster knows the host as. */
  readonly node: string;
  /** What the cluster runs; absent where it does not answer here. */
  readonly cluster?: ResourceState | undefined;
}

const SEPARATOR = '-- cluster';

/** Seconds that the cluster may take to end what it is doing, before it is asked where it runs a unit. */

/**
 * A unit that the cluster is to run on one host at a time is out of the init system's hands: not started at boot, and
 * stopped where the cluster runs it on another host, or has no resource for it yet and could start it. What the cluster
 * runs here stays; so does everything where it does not answer, or could start nothing.
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

/** Pure. See `handedOver`. Throws a `ProbeError` where nobody can tell whether the unit would run elsewhere. */
export function decideHandover(
  unit: string,
  { unit: state, node, cluster }: HandoverState,
): readonly Change[] {
  const startsAtBoot = state.boot === 'enabled' && !state.masked;
  const runs = state.active !== 'inactive' && state.active !== 'failed';
  if (!startsAtBoot && !runs) return [];
  if (!cluster) {
    throw new ProbeError(
      `Pacemaker does not answer here, so it is unknown where it runs ${unit}: ${unit} is left as it is (systemctl status pacemaker)`,
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
  // The cluster runs it nowhere: where it runs here, it finds it when it tries, and keeps it.
  if (ids.length > 0 && hosts.length === 0) return [];
  if (ids.length === 0) {
    const why = whyItCannotRun(monitor);
    if (why !== undefined) {
      throw new ProbeError(`the cluster could not run ${unit}, which therefore stays as it is: ${why}`);
    }
  }
  return [
    {
      summary:
        ids.length === 0
          ? `stop ${unit}, which the cluster is to run on one host`
          : `stop ${unit} here, which the cluster runs on ${hosts.join(', ')}`,
      effects: ['stops'],
      script: `${ids.map((id) => unlessItMoved(id, node)).join('')}systemctl stop ${quote(unit)}`,
      touches: [`unit:${unit}`],
    },
  ];
}

function whyItCannotRun(monitor: Monitor): string | undefined {
  if (!monitor.quorate) return 'it has no quorum';
  if (monitor.maintenance) {
    return 'it is in maintenance mode (to end that: pcs property set maintenance-mode=false)';
  }
  if (monitor.stopsAll) {
    return 'it is told to stop all resources (to end that: pcs property set stop-all-resources=false)';
  }
  return monitor.online.size === 0 ? 'none of its members is online' : undefined;
}

/** Since the cluster was asked, it may have moved the resource here. */
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
[ -n "$on" ] || { echo 'the cluster runs ${id} nowhere by now: it is not stopped here' >&2; exit 1; }
`;
}
