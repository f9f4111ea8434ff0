import { expect, it } from 'vitest';
import { osha } from '../support/osha.ts';
import { CONTROLLERS, INVENTORY, on } from './cloud.ts';

/** Commands, and a word in the output of each. */
const COMMANDS: readonly (readonly [string, string])[] = [
  ['token issue', 'project_id'],
  ['catalog list', 'volumev3'],
  ['compute service list', 'nova-compute'],
  ['network agent list', 'L3 agent'],
  ['image list', ''],
  ['server list', ''],
];

/** OpenStack's command-line client, with the variables that osha prints. */
export function client(): void {
  it.each(COMMANDS)('openstack %s', async (command, names) => {
    const printed = await osha('openrc', INVENTORY);
    expect(printed.exitCode, printed.stderr).toBe(0);
    expect(await on(CONTROLLERS[1], `${printed.stdout}\nopenstack ${command}`)).toContain(names);
  });
}
