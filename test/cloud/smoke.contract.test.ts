import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CloudEvent } from '../../src/cloud/events.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { ConnectError } from '../../src/transport/errors.ts';
import { aHost } from '../support/inventory.ts';
import { FakeCloud, type Fault } from './fake-cloud.ts';
import { cloudOn, hostsOf, RUN, smokeOn } from './smoke-on.ts';

let fake: FakeCloud;
beforeEach(async () => {
  fake = new FakeCloud();
  await fake.start();
});
afterEach(() => fake.stop());

const ALL = [
  'login',
  'image',
  'network',
  'access',
  'volume',
  'guest',
  'server',
  'console',
  'floating',
  'cleanup',
];

function failureOf(events: readonly CloudEvent[], part: string): string {
  const event = events.find((one) => one.event === 'part-finished' && one.part === part);
  return event?.event === 'part-finished'
    ? `${event.failure?.message ?? ''} (${event.failure?.hint ?? ''})`
    : '';
}

describe('a smoke test', () => {
  it('goes through the whole cloud by way of a host, and leaves nothing', async () => {
    const { result, outcomes, events } = await smokeOn(fake);
    expect(outcomes).toEqual(ALL.map((part) => `${part} ok`));
    expect(result).toEqual({
      ok: 10,
      failed: 0,
      skipped: 0,
      interrupted: false,
      unreachable: false,
      left: [],
    });
    expect(fake.names).toEqual([]);
    const notes = events.flatMap((event) => (event.event === 'part-finished' ? [event.note] : []));
    expect(notes.join('\n')).toContain('also from controller1, controller2, controller3 by itself');
    expect(notes.join('\n')).toContain('reached through controller1');
    expect(JSON.stringify(events)).not.toContain('right');
  });

  it('goes through a host that can hold the virtual IP, where the others are not in its network', async () => {
    const balancer = aHost('balancer1', { roles: ['loadbalancer'] });
    const { outcomes } = await smokeOn(fake, {
      cloud: cloudOn(fake, { entrances: [balancer] }),
      transport: hostsOf(fake, { inNetwork: ['balancer1'] }),
    });
    expect(outcomes).toEqual(ALL.map((part) => `${part} ok`));
  });

  it('leaves out, and says so, what the inventory does not have', async () => {
    const cloud = cloudOn(fake, { services: ['identity', 'image'], compute: [] });
    const { outcomes, result } = await smokeOn(fake, { cloud });
    expect(outcomes.filter((one) => one.endsWith('ok'))).toEqual(['login ok', 'image ok', 'cleanup ok']);
    expect(result).toMatchObject({ failed: 0, skipped: 7 });
  });

  it('uses the network outside that is there, and makes none', async () => {
    const outside = { id: 'public', name: 'public', 'router:external': true, subnets: ['one'] };
    fake.world.things.set('networks', new Map([['public', outside]]));
    expect((await smokeOn(fake)).result.failed).toBe(0);
    expect(fake.made('/network/v2.0/networks')).toBe(1);
    expect(fake.names).toEqual(['public']);
  });
});

describe('a fault on the way', () => {
  const made = (path: string): RegExp => new RegExp(`^${path}$`);
  it.each<[string, Fault]>([
    [
      'an answer that is lost after a network was made',
      { method: 'POST', path: made('/network/v2.0/networks'), what: 'reset-after' },
    ],
    [
      'an answer that is lost after a server was made',
      { method: 'POST', path: made('/compute/v2.1/servers'), what: 'reset-after' },
    ],
    [
      'an answer that is lost after an image was made',
      { method: 'POST', path: made('/v2/images'), what: 'reset-after' },
    ],
    ['an answer that is lost after an upload', { method: 'PUT', path: /file$/, what: 'reset-after' }],
    [
      'an answer that is lost after a router got its interface',
      { method: 'PUT', path: /add_router_interface$/, what: 'reset-after' },
    ],
    [
      'a connection that breaks before a floating address was made',
      { method: 'POST', path: /floatingips$/, what: 'reset-before' },
    ],
    ['a connection that breaks before an upload', { method: 'PUT', path: /file$/, what: 'reset-before' }],
    ['HAProxy without a server for a while', { method: 'POST', path: /routers$/, what: 'proxy', times: 3 }],
    ['a service whose database moves', { method: 'GET', path: /servers/, what: 500, times: 2 }],
    ['a gateway that has no answer', { method: 'POST', path: /flavors$/, what: 504 }],
    ['a token that is not valid any more', { method: 'GET', path: /networks$/, what: 401 }],
    ['a deletion that fails first', { method: 'DELETE', path: /networks/, what: 409, times: 2 }],
    ['a deletion whose answer is lost', { method: 'DELETE', path: /servers/, what: 'reset-after' }],
  ])('is survived, nothing is made twice and nothing is left: %s', async (_, fault) => {
    fake.faults.push(fault);
    const { outcomes } = await smokeOn(fake);
    expect(outcomes.filter((one) => !one.endsWith(' ok'))).toEqual([]);
    const times = Object.fromEntries(
      ['servers', 'os-keypairs', 'flavors'].map((one) => [one, fake.made(`/compute/v2.1/${one}`)]),
    );
    expect(times).toEqual({ servers: 1, 'os-keypairs': 1, flavors: 1 });
    expect(fake.made('/network/v2.0/networks')).toBe(2);
    expect(fake.made('/network/v2.0/routers')).toBe(1);
    expect(fake.made('/v2/images')).toBe(4);
    expect(fake.names).toEqual([]);
  });
});

describe('a failure', () => {
  it('of a server is told with the reason that Nova gives and a hint, and everything is removed', async () => {
    fake.world.fault = 'No valid host was found.';
    const { outcomes, events } = await smokeOn(fake);
    expect(outcomes.slice(-4)).toEqual([
      'server failed',
      'console skipped',
      'floating skipped',
      'cleanup ok',
    ]);
    expect(failureOf(events, 'server')).toMatch(
      /in ERROR: No valid host was found\. \(no compute host took it/,
    );
    expect(fake.names).toEqual([]);
  });

  it('of one service does not keep the others from being looked at', async () => {
    fake.faults.push({ method: 'POST', path: /\/types$/, what: 403, times: 9 });
    fake.faults.push({ method: 'POST', path: /\/v2\/images$/, what: 403, times: 9 });
    const { outcomes, events } = await smokeOn(fake);
    expect(outcomes.filter((one) => one.endsWith('failed'))).toEqual(['image failed', 'volume failed']);
    expect(outcomes).toContain('network ok');
    expect(failureOf(events, 'volume')).toBe(
      'volume: POST /types was answered with 403: a fault on purpose ()',
    );
    expect(fake.names).toEqual([]);
  });

  it('of the login is told as what it is, and nothing else is tried', async () => {
    const credentials = { ...cloudOn(fake).credentials, password: new Secret('openstackAdmin', 'wrong') };
    const { outcomes, events } = await smokeOn(fake, { cloud: cloudOn(fake, { credentials }) });
    expect(failureOf(events, 'login')).toContain('does not let admin in with the password of the secrets');
    expect(outcomes.filter((one) => !one.endsWith('skipped'))).toEqual(['login failed']);
  });

  it('of the hosts to have what a guest is made of says what is missing', async () => {
    const { events } = await smokeOn(fake, { transport: hostsOf(fake, { missing: 'busybox' }) });
    expect(failureOf(events, 'guest')).toMatch(/compute1 has no busybox; .*apt-get install .*busybox-static/);
    expect(fake.names).toEqual([]);
  });

  it("of the guest's kernel is told with its reason, without waiting for more", async () => {
    fake.world.console = '[ 0.044] Kernel panic - not syncing: no timer\n[ 0.044] Call Trace:\n';
    const { events, outcomes } = await smokeOn(fake, { bootMs: 60_000 });
    expect(outcomes).toContain('console failed');
    expect(failureOf(events, 'console')).toMatch(/^the guest's kernel gives up: no timer; .*Call Trace/s);
    expect(fake.names).toEqual([]);
  });

  it('of every way is unreachable', async () => {
    const transport = hostsOf(fake);
    const { control, compute } = cloudOn(fake);
    for (const host of [...control, ...compute]) transport.refuse(host.name);
    const { result, events } = await smokeOn(fake, { transport });
    expect(result).toMatchObject({ unreachable: true, failed: 1 });
    expect(failureOf(events, 'login')).toContain('neither this machine nor a host reaches 127.0.0.1');
  });

  it('of one host to be reached leads through another', async () => {
    const transport = hostsOf(fake);
    transport.refuse('controller1', new ConnectError('timed-out', 'it does not answer', 'is it up?'));
    const { result, events } = await smokeOn(fake, { transport });
    expect(result.failed).toBe(0);
    expect(events.flatMap((event) => (event.event === 'remark' ? [event.text] : []))).toEqual([
      'Glance on controller1 was not asked by itself: controller1: it does not answer',
    ]);
  });

  it('to remove something is told, with what is left', async () => {
    fake.faults.push({ method: 'DELETE', path: /flavors/, what: 403, times: Infinity });
    const { result } = await smokeOn(fake, { removalMs: 1_500 });
    expect(result.failed).toBe(1);
    expect(result.left).toEqual([
      {
        kind: 'flavor',
        name: `osha-smoke-${RUN}-flavor`,
        why: expect.stringContaining('a fault on purpose') as string,
      },
    ]);
    expect(fake.names).toEqual([`osha-smoke-${RUN}-flavor`]);
  });
});

it.each(['network', 'image', 'server', 'floating'])(
  'stops at a Ctrl-C during "%s", and leaves nothing',
  async (part) => {
    const controller = new AbortController();
    const begun = new Set<string>();
    const { result, outcomes } = await smokeOn(fake, {
      signal: controller.signal,
      begun,
      onEvent: (event) => {
        if (event.event === 'part-started' && event.part === part) controller.abort(new Error('Ctrl-C'));
      },
    });
    expect(result.interrupted).toBe(true);
    expect(outcomes).toContain(`${part} interrupted`);
    expect(outcomes.at(-1)).toBe('cleanup ok');
    expect(fake.names).toEqual([]);
    expect([...begun]).toEqual([]);
  },
);
