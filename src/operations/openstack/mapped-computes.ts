import type { Operation } from '../../playbook/operation.ts';
import { quote } from '../shell.ts';
import { askDatabase, type DatabaseLogin } from './database-login.ts';

export interface MappedComputesOptions extends DatabaseLogin {
  /** The system's user that Nova runs as. */
  readonly runAs: string;
}

/** Compute hosts that have reported, and that the cell does not know: no server is put on one of them. */
const UNKNOWN =
  'SELECT DISTINCT host FROM nova.compute_nodes WHERE deleted = 0 AND host NOT IN (SELECT host FROM nova_api.host_mappings)';

/** Every compute host that has reported is known to its cell. To be done once; Nova itself does it within a minute. */
export function computesMapped(options: MappedComputesOptions): Operation<readonly string[]> {
  return {
    scope: 'host',
    title: 'compute hosts of the cell',
    probe: {
      ...askDatabase(options, 'nova_api', UNKNOWN),
      parse: ({ stdout }) => stdout.split('\n').filter((line) => line !== ''),
    },
    decide: (unknown) =>
      unknown.length === 0
        ? []
        : [
            {
              summary: `let the cell know ${unknown.join(', ')}`,
              script: `runuser -u ${quote(options.runAs)} -- nova-manage cell_v2 discover_hosts`,
              touches: ['database:nova_api'],
            },
          ],
  };
}
