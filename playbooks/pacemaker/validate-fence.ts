import { choiceFault, type InventoryProblem } from 'osha';
import type { Cluster } from './clusters.ts';
import type { Settings } from './settings.ts';

/** Options of fence agents that carry a password. */
const PASSWORDS = /^(passwd|password|snmp_priv_passwd|identity_file_password)$/;

/** What is wrong with the fence devices; that there are none is worth an advice. */
export function fenceProblems(settings: Settings, clusters: readonly Cluster[]): readonly InventoryProblem[] {
  const members = [...new Set(clusters.flatMap((cluster) => cluster.hosts))];
  const devices = Object.entries(settings.fence);
  if (devices.length === 0) {
    return [
      {
        severity: 'advice',
        path: ['pacemaker', 'fence'],
        message:
          'no fence device is declared: a member that hangs is not switched off, and may keep holding what another one took over',
        hint: 'declare one for each host: pacemaker: { fence: { ipmi1: { agent: fence_ipmilan, hosts: [controller1], options: { ip: 10.0.0.101 } } } }',
      },
    ];
  }
  return devices.flatMap(([name, { hosts, options }]): readonly InventoryProblem[] => [
    ...hosts.flatMap((word, index): readonly InventoryProblem[] => {
      const fault = choiceFault(word, members);
      return fault
        ? [{ severity: 'error', path: ['pacemaker', 'fence', name, 'hosts', index], ...fault }]
        : [];
    }),
    ...Object.keys(options)
      .filter((option) => PASSWORDS.test(option))
      .map((option): InventoryProblem => ({
        severity: 'error',
        path: ['pacemaker', 'fence', name, 'options', option],
        at: 'key',
        message: 'a password does not belong into an inventory',
        hint: `write password_option: ${option} beside options, and the password as fencePassword into the secrets`,
      })),
  ]);
}
