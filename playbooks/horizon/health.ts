import {
  type Finding,
  type HealthCheck,
  type Host,
  onOneHost,
  type Platform,
  type Takeover,
  within,
} from 'osha';
import * as openstack from '../openstack/operations/index.ts';
import { LOGIN, PORT, ROOT } from './entrance.ts';

/** What the dashboard of one host answered; a status is 0 where nothing came. */
export interface DashboardState {
  readonly page: number;
  readonly seconds: number;
  /** The answer to somebody whose login nobody knows: found out by asking the caches and the database. */
  readonly stranger: number;
  readonly version: string;
}

/** Understands what the probe printed. */
export function dashboardState(output: string): DashboardState {
  const [page = '', seconds = '', stranger = '', version = ''] = output.trim().split(' ');
  return { page: Number(page), seconds: Number(seconds), stranger: Number(stranger), version };
}

/**
 * The login page comes from each host itself, and each can look a login up; where a cluster manager runs it on one of them
 * at a time, exactly one.
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
${openstack.versionScript('openstack-dashboard')}`,
        reads: [`unit:${unit}`, 'cluster:galera'],
        parse: ({ stdout }) => dashboardState(stdout),
      };
    },
    judge: (answers) =>
      [...answers].flatMap(([host, answer]): readonly Finding[] => {
        const subject = 'login page';
        if (!answer.reachable) return [{ subject, host, healthy: false, evidence: answer.reason }];
        const { page, seconds, stranger, version } = answer.observed;
        const hint = `see /var/log/openstack-dashboard/error.log on ${host}`;
        if (page !== 200) {
          const evidence = page === 0 ? `no answer on port ${PORT}` : `answers ${page} on port ${PORT}`;
          return [{ subject, host, healthy: false, evidence, hint }];
        }
        const speed = `${openstack.releaseOf(version)}, answers in ${Math.round(seconds * 1000)} ms`;
        return [
          { subject, host, healthy: true, evidence: speed },
          // It sends strangers to the login page.
          ...(stranger === 302
            ? []
            : [
                {
                  subject: 'logins',
                  host,
                  healthy: false,
                  evidence: `cannot be looked up: answers ${stranger}`,
                  hint: `${hint}; they are in the database`,
                },
              ]),
        ];
      }),
  };
  return onOneHost(check, unit, takeovers);
}
