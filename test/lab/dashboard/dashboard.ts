import { expect, it } from 'vitest';
import { untilHealthy } from '../support/healthy.ts';
import { hostsOf } from '../support/hosts.ts';
import { secretValues } from '../support/secrets.ts';
import { until } from '../support/until.ts';
import { logIn, type Login } from './login.ts';

/** The deployment whose dashboard is looked at. */
export interface Deployment {
  readonly inventory: string;
  /** Addresses of the hosts that run it, by name. */
  readonly dashboards: Readonly<Record<string, string>>;
  /** Names of the hosts that have a cache. */
  readonly caches: readonly string[];
  /** The address that people use. */
  readonly vip: string;
}

/** A page that only somebody who is logged in gets. */
const INSIDE = '/horizon/identity/';

/** Pacemaker's decision, HAProxy's checks, a database that another server has to answer for, on two cores. */
const MOST_SWITCH_MS = 120_000;
/** Milliseconds for a host that was stopped hard to be whole again. */
const MOST_RECOVERY_MS = 8 * 60_000;

export function dashboard({ inventory, dashboards, caches, vip }: Deployment): void {
  const { on, holdersOf, kill, start } = hostsOf(inventory);
  const hosts = Object.keys(dashboards);
  const origin = `http://${vip}`;
  const enter = (): Promise<Login> => logIn(origin, 'admin', secretValues()['openstackAdmin'] ?? '');
  const statusAt = async (login: Login, server: string): Promise<number> =>
    (await login.get(server, INSIDE)).status;
  /** What each host's own dashboard says to a login, past HAProxy. */
  const statuses = async (login: Login): Promise<readonly number[]> => {
    const all: number[] = [];
    for (const host of hosts) all.push(await statusAt(login, `http://${dashboards[host] ?? ''}`));
    return all;
  };
  const everywhere = (status: number): readonly number[] => hosts.map(() => status);

  it('is found by who knows only the address', async () => {
    const answer = await fetch(`${origin}/`);
    expect(answer.url).toBe(`${origin}/horizon/auth/login/?next=/horizon/`);
    expect(await answer.text()).toContain('id="id_password"');
  });

  it('lets nobody in with a wrong password', async () => {
    await expect(logIn(origin, 'admin', 'wrong')).rejects.toThrow('did not let admin in');
  });

  it('takes a login on every host, whichever gave it; and nowhere once it has ended', async () => {
    const login = await enter();
    expect(await statuses(login)).toEqual(everywhere(200));
    await login.get(origin, '/horizon/auth/logout/');
    expect(await statuses(login)).toEqual(everywhere(302));
  });

  it('keeps a login while no cache answers', async () => {
    const login = await enter();
    await Promise.all(caches.map((host) => on(host, 'systemctl stop memcached')));
    try {
      expect(await statuses(login)).toEqual(everywhere(200));
    } finally {
      await Promise.all(caches.map((host) => on(host, 'systemctl start memcached')));
    }
    expect(await statuses(login)).toEqual(everywhere(200));
  });

  it('keeps a login when the controller that answered dies', async () => {
    const login = await enter();
    const [holder = ''] = await holdersOf(vip, hosts);
    await kill(holder);
    try {
      const ms = await until(
        'the same login counts again',
        MOST_SWITCH_MS,
        async () => (await statusAt(login, origin)) === 200,
      );
      process.stdout.write(`the dashboard answers ${ms} ms after ${holder} died, to the same login\n`);
    } finally {
      await start(holder);
    }
    await untilHealthy(inventory, MOST_RECOVERY_MS);
  });
}
