import type { Change, Operation } from '../../playbook/operation.ts';
import { parseUnitState, unitProbeScript, type UnitState } from '../unit-state.ts';
import { quote } from '../shell.ts';

export interface HandoverState {
  readonly unit: UnitState;
  /** The cluster has a resource for it, and so decides where it runs. */
  readonly clustered: boolean;
}

const SEPARATOR = '-- cluster';

/**
 * A unit that the cluster is to run on one host at a time is out of the init system's hands: not started at boot, and
 * stopped where it runs before the cluster knows of it, because it could run on several.
 */
export function handedOver(unit: string): Operation<HandoverState> {
  const touches: Change['touches'] = [`unit:${unit}`];
  return {
    scope: 'host',
    title: `${unit} is left to the cluster`,
    probe: {
      script: `(${unitProbeScript(unit, [])})
echo '${SEPARATOR}'
cibadmin --query --xpath ${quote(`//primitive[@class='systemd'][@type='${unit}']`)} 2>/dev/null | grep -c '<primitive'
exit 0`,
      reads: [...touches, 'cluster:pacemaker', 'cluster:resources', 'unit:pacemaker'],
      parse: (answer) => {
        const [state = '', count = ''] = answer.stdout.split(`${SEPARATOR}\n`);
        return {
          unit: parseUnitState(unit, { ...answer, stdout: state }),
          clustered: Number.parseInt(count, 10) > 0,
        };
      },
    },
    decide: ({ unit: state, clustered }) => [
      ...(state.boot === 'enabled' && !state.masked
        ? [
            {
              summary: `do not start ${unit} at boot`,
              script: `systemctl disable ${quote(unit)}`,
              touches,
            },
          ]
        : []),
      ...(clustered || state.active === 'inactive' || state.active === 'failed'
        ? []
        : [
            {
              summary: `stop ${unit}, which the cluster is to run on one host`,
              script: `systemctl stop ${quote(unit)}`,
              touches,
            },
          ]),
    ],
  };
}
