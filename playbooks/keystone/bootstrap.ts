import { type Operation, quote, text } from 'osha';
import { apiProbe, type ApiAnswer, type ApiSession } from '../openstack/operations/api-session.ts';
import type { EndpointUrls } from './identity/state.ts';

export interface BootstrapOptions {
  /** The system's user that Keystone runs as. */
  readonly runAs: string;
  readonly region: string;
  /** Keystone's own. */
  readonly urls: EndpointUrls;
}

/**
 * Runs `keystone-manage bootstrap` with the password put into the environment by the process itself: from an argument
 * or an inherited environment, anybody on the host could read it.
 */
const BOOTSTRAP = `import os, sys
os.environ["OS_BOOTSTRAP_PASSWORD"] = sys.stdin.readline().strip()
from keystone.cmd.manage import main
main()`;

/**
 * The cloud's administrator exists and can log in with this password. To be done once, on a host where Keystone runs.
 * Where no answer comes at all there is nothing to decide: bootstrapping writes to the database whether Keystone runs
 * or not, and is harmless where it was done before.
 */
export function bootstrap(
  session: ApiSession,
  { runAs, region, urls }: BootstrapOptions,
): Operation<ApiAnswer> {
  const words = [
    'bootstrap',
    '--bootstrap-username',
    session.user,
    '--bootstrap-project-name',
    session.project,
  ];
  const endpoints = Object.entries(urls).flatMap(([kind, url]) => [`--bootstrap-${kind}-url`, url]);
  const all = [...words, '--bootstrap-region-id', region, ...endpoints].map(quote).join(' ');
  return {
    scope: 'host',
    runsOnce: true,
    title: `administrator ${session.user}`,
    probe: apiProbe(
      session,
      [],
      ['cluster:identity', 'unit:keystone', 'database:keystone'],
      ({ login }) => login,
    ),
    decide: ({ status }) =>
      status === 201
        ? []
        : [
            {
              summary: `bootstrap Keystone with the administrator ${session.user}`,
              script: `runuser -u ${quote(runAs)} -- python3 -c ${quote(BOOTSTRAP)} ${all}`,
              input: text`${session.password}\n`,
              touches: ['cluster:identity'],
            },
          ],
  };
}
