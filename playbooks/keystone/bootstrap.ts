import { type Operation, quote, text } from 'osha';
import { apiProbe, type ApiAnswer, type ApiSession } from '../openstack/operations/api-session.ts';
import type { EndpointUrls } from './identity.ts';

export interface BootstrapOptions {
  /** The system user that Keystone runs as. */
  readonly runAs: string;
  readonly region: string;
  /** The URLs of Keystone's own endpoints. */
  readonly urls: EndpointUrls;
}

/**
 * Runs `keystone-manage bootstrap` and puts the password, read from stdin, into the environment inside the process: an
 * argument could be read by anyone on the host.
 */
const BOOTSTRAP = `import os, sys
os.environ["OS_BOOTSTRAP_PASSWORD"] = sys.stdin.readline().strip()
from keystone.cmd.manage import main
main()`;

/**
 * Creates the cloud's administrator with this password. Runs once, on a host with Keystone. It also runs if Keystone does
 * not answer: bootstrapping writes to the database without it, and is idempotent.
 */
export function bootstrap(
  session: ApiSession,
  { runAs, region, urls }: BootstrapOptions,
): Operation<ApiAnswer> {
  const account = [
    'bootstrap',
    '--bootstrap-username',
    session.user,
    '--bootstrap-project-name',
    session.project,
  ];
  const endpoints = Object.entries(urls).flatMap(([kind, url]) => [`--bootstrap-${kind}-url`, url]);
  const words = [...account, '--bootstrap-region-id', region, ...endpoints].map(quote).join(' ');
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
              script: `runuser -u ${quote(runAs)} -- python3 -c ${quote(BOOTSTRAP)} ${words}`,
              input: text`${session.password}\n`,
              touches: ['cluster:identity'],
            },
          ],
  };
}
