import {
  type Finding,
  type HealthCheck,
  type Host,
  onOneHost,
  type Platform,
  type Takeover,
  within,
} from 'osha';
import { DATABASE } from './files/conf.ts';
import { LOGIN, PORT, ROOT } from './entrance.ts';
import { releaseOf, versionScript } from '../openstack/operations/http-health.ts';

/** What one host's dashboard answered; status 0 means no answer. */
export interface DashboardState {
  readonly page: number;
  readonly seconds: number;
  /** The answer to a request with an unknown session, which looks it up in the caches and the database. */
  readonly unknownSession: number;
  readonly version: string;
}

/**
 * Healthy if each host serves the login page and can look up sessions. Where a cluster manager runs it on one host at a
 * time, exactly one has to.
 */
export function dashboardAnswers(
  hosts: readonly Host[],
  { units }: Platform,
  takeovers: readonly Takeover[] = [],
): HealthCheck<DashboardState> {
  const unit = units.horizon;
  const check: HealthCheck<DashboardState> = {
    scope: 'health',
    title: 'Horizon',
    members: hosts,
    probe: ({ address }) => {
      const get = (path: string, format: string, more = ''): string =>
        `curl --silent --output /dev/null --noproxy '*' --max-time ${within('httpAnswer')} --write-out '${format}'${more} http://${address}:${PORT}${path} || :`;
      return {
        script: `${get(LOGIN, '%{http_code} %{time_total} ')}
${get(ROOT, '%{http_code} ', ` --cookie sessionid=${'0'.repeat(32)}`)}
${versionScript('openstack-dashboard')}`,
        reads: [`unit:${unit}`, 'cluster:galera'],
        parse: ({ stdout }) => dashboardState(stdout),
      };
    },
    judge: (answers) =>
      [...answers].flatMap(([host, answer]): readonly Finding[] => {
        const subject = 'login page';
        if (!answer.reachable) return [{ subject, host, healthy: false, evidence: answer.reason }];
        const { page, seconds, unknownSession, version } = answer.observed;
        const hint = `check /var/log/openstack-dashboard/error.log on ${host}`;
        if (page !== 200) {
          const evidence = page === 0 ? `no answer on port ${PORT}` : `answers ${page} on port ${PORT}`;
          return [{ subject, host, healthy: false, evidence, hint }];
        }
        const speed = `${releaseOf(version)}, answers in ${Math.round(seconds * 1000)} ms`;
        return [
          { subject, host, healthy: true, evidence: speed },
          // An unknown session is redirected to the login page.
          ...(unknownSession === 302
            ? []
            : [
                {
                  subject: 'logins',
                  host,
                  healthy: false,
                  evidence: `lookup failed: answers ${unknownSession}`,
                  hint: `${hint}, and the database ${DATABASE}`,
                },
              ]),
        ];
      }),
  };
  return onOneHost(check, unit, takeovers);
}

/** Parses the output of the probe. */
export function dashboardState(output: string): DashboardState {
  const [page = '', seconds = '', unknownSession = '', version = ''] = output.trim().split(' ');
  return { page: Number(page), seconds: Number(seconds), unknownSession: Number(unknownSession), version };
}
