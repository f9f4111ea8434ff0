import { type Finding, type HealthCheck, type Host, type Operation, questionOf, quote } from 'osha';
import { askDatabase, type DatabaseLogin } from '../openstack/operations/database.ts';

export interface MappedComputesOptions extends DatabaseLogin {
  /** The system user that Nova runs as. */
  readonly runAs: string;
}

/** Compute hosts that have registered but are not mapped to a cell: no server is scheduled on them. */
const UNMAPPED =
  'SELECT DISTINCT host FROM nova.compute_nodes WHERE deleted = 0 AND host NOT IN (SELECT host FROM nova_api.host_mappings)';

const REGISTERED = 'SELECT DISTINCT host FROM nova.compute_nodes WHERE deleted = 0';

/**
 * Healthy once all compute hosts have a record of their resources in Nova's database. It appears some seconds after their
 * service counts as alive, and they cannot be mapped before. `from` are the hosts to query from.
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
        evidence: known.includes(name) ? 'has reported its resources' : 'has not reported its resources yet',
      }));
    },
  };
}

/** Maps registered compute hosts to their cell. Runs once; Nova itself would do it within a minute. */
export function computesMapped(options: MappedComputesOptions): Operation<readonly string[]> {
  return {
    scope: 'host',
    runsOnce: true,
    title: 'compute hosts of the cell',
    probe: {
      ...questionOf(askDatabase(options, 'nova_api', UNMAPPED)),
      parse: ({ stdout }) => stdout.split('\n').filter((line) => line !== ''),
    },
    decide: (unmapped) =>
      unmapped.length === 0
        ? []
        : [
            {
              summary: `map ${unmapped.join(', ')} to the cell`,
              script: `runuser -u ${quote(options.runAs)} -- nova-manage cell_v2 discover_hosts`,
              touches: ['database:nova_api'],
            },
          ],
  };
}
