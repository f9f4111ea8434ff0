import { type Finding, type HealthCheck, type Host, type Operation, questionOf, quote } from 'osha';
import { askDatabase, type DatabaseLogin } from '../openstack/operations/database-login.ts';

export interface MappedComputesOptions extends DatabaseLogin {
  /** The system's user that Nova runs as. */
  readonly runAs: string;
}

/** Compute hosts that have reported, and that the cell does not know: no server is put on one of them. */
const UNKNOWN =
  'SELECT DISTINCT host FROM nova.compute_nodes WHERE deleted = 0 AND host NOT IN (SELECT host FROM nova_api.host_mappings)';

const REGISTERED = 'SELECT DISTINCT host FROM nova.compute_nodes WHERE deleted = 0';

/**
 * Compute hosts have told what they have to give, as their own records in Nova's database say. That comes some seconds
 * after Nova counts their service as alive; before it, they cannot be told to the cell. `from` are hosts that may ask.
 */
export function computesRegistered(
  login: DatabaseLogin,
  { computes, from }: { readonly computes: readonly Host[]; readonly from: readonly Host[] },
): HealthCheck<readonly string[] | undefined> {
  return {
    scope: 'health',
    title: 'compute hosts',
    members: from,
    probe: () => ({
      ...questionOf(askDatabase(login, 'nova', REGISTERED)),
      parse: ({ stdout, exitCode }) =>
        exitCode === 0 ? stdout.split('\n').filter((line) => line !== '') : undefined,
    }),
    judge: (answers) => {
      const known = [...answers.values()].flatMap((answer) =>
        answer.reachable && answer.observed ? [answer.observed] : [],
      )[0];
      if (!known)
        return [{ subject: 'compute hosts', healthy: false, evidence: 'the database does not answer' }];
      return computes.map(({ name }): Finding => ({
        subject: 'compute host',
        host: name,
        healthy: known.includes(name),
        evidence: known.includes(name) ? 'has told what it has' : 'has not told yet what it has',
      }));
    },
  };
}

/** Every compute host that has reported is known to its cell. To be done once; Nova itself does it within a minute. */
export function computesMapped(options: MappedComputesOptions): Operation<readonly string[]> {
  return {
    scope: 'host',
    runsOnce: true,
    title: 'compute hosts of the cell',
    probe: {
      ...questionOf(askDatabase(options, 'nova_api', UNKNOWN)),
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
