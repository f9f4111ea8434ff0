import { expect, it } from 'vitest';
import { untilHealthy } from '../support/healthy.ts';
import { hostsOf } from '../support/hosts.ts';
import { secretValues } from '../support/secrets.ts';
import { until } from '../support/until.ts';
import { logIn, type Login } from './login.ts';

/** The deployment under test. */
export interface Deployment {
  readonly inventory: string;
  /** Addresses of the dashboard hosts, by name. */
  readonly dashboards: Readonly<Record<string, string>>;
  /** Names of the cache hosts. */
  readonly caches: readonly string[];
  /** The public address. */
  readonly vip: string;
}

/** A page that requires a login. */
const INSIDE = '/horizon/identity/';

/** Time for Pacemaker's decision, HAProxy's checks and the failover of the database, on two cores. */
const MOST_SWITCH_MS = 120_000;
/** Milliseconds for a host to recover from a hard stop. */
const MOST_RECOVERY_MS = 8 * 60_000;

export function dashboard({ inventory, dashboards, caches, vip }: Deployment): void {
  const { on, holdersOf, kill, start } = hostsOf(inventory);
  const hosts = Object.keys(dashboards);
  const origin = `http://${vip}`;
  const enter = (): Promise<Login> => logIn(origin, 'admin', secretValues()['openstackAdmin'] ?? '');
  const statusAt = async (login: Login, server: string): Promise<number> =>
    (await login.get(server, INSIDE)).status;
  /** The status for a session from each host's own dashboard, bypassing HAProxy. */
  const statuses = async (login: Login): Promise<readonly number[]> => {
    const all: number[] = [];
    for (const host of hosts) all.push(await statusAt(login, `http://${dashboards[host] ?? ''}`));
    return all;
  };
  const everywhere = (status: number): readonly number[] => hosts.map(() => status);

  it('is reached by its address alone', async () => {
    const answer = await fetch(`${origin}/`);
    expect(answer.url).toBe(`${origin}/horizon/auth/login/?next=/horizon/`);
    expect(await answer.text()).toContain('id="id_password"');
  });

  it('rejects a wrong password', async () => {
    await expect(logIn(origin, 'admin', 'wrong')).rejects.toThrow('rejected admin');
  });

  it('accepts a session on every host, until it is logged out', async () => {
    const login = await enter();
    expect(await statuses(login)).toEqual(everywhere(200));
    await login.get(origin, '/horizon/auth/logout/');
    expect(await statuses(login)).toEqual(everywhere(302));
  });

  it('keeps sessions while no cache answers', async () => {
    const login = await enter();
    await Promise.all(caches.map((host) => on(host, 'systemctl stop memcached')));
    try {
      expect(await statuses(login)).toEqual(everywhere(200));
    } finally {
      await Promise.all(caches.map((host) => on(host, 'systemctl start memcached')));
    }
    expect(await statuses(login)).toEqual(everywhere(200));
  });

  it('keeps sessions when the controller that served them dies', async () => {
    const login = await enter();
    const [holder = ''] = await holdersOf(vip, hosts);
    await kill(holder);
    try {
      const ms = await until(
        'the same session works again',
        MOST_SWITCH_MS,
        async () => (await statusAt(login, origin)) === 200,
      );
      process.stdout.write(`the dashboard accepts the same session ${ms} ms after ${holder} died\n`);
    } finally {
      await start(holder);
    }
    await untilHealthy(inventory, MOST_RECOVERY_MS);
  });
}
