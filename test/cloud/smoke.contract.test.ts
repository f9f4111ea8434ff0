import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/runner/events.ts';
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

function failureOf(events: readonly RunEvent[], step: string): string {
  const event = events.find((one) => one.event === 'step-finished' && one.step === step);
  return event?.event === 'step-finished'
    ? `${event.failure?.message ?? ''} (${event.failure?.hint ?? ''})`
    : '';
}

describe('a smoke test', () => {
  it('uses the whole cloud through a host, and leaves nothing behind', async () => {
    const { summary, outcomes, events } = await smokeOn(fake);
    expect(outcomes).toEqual(ALL.map((part) => `${part} ok`));
    expect(summary).toMatchObject({ ok: 10, failed: 0, skipped: 0, interrupted: false, unreachable: 0 });
    expect(events.at(-1)).toEqual(summary);
    expect(fake.names).toEqual([]);
    const notes = events.flatMap((event) => (event.event === 'step-finished' ? [event.note] : []));
    expect(notes.join('\n')).toContain('also directly from controller1, controller2, controller3');
    expect(notes.join('\n')).toContain('reached through controller1');
    expect(JSON.stringify(events)).not.toContain('right');
  });

  it('connects through a host that can hold the virtual IP when the others are not in its network', async () => {
    const balancer = aHost('balancer1', { roles: ['loadbalancer'] });
    const { outcomes } = await smokeOn(fake, {
      cloud: cloudOn(fake, { entrances: [balancer] }),
      transport: hostsOf(fake, { inNetwork: ['balancer1'] }),
    });
    expect(outcomes).toEqual(ALL.map((part) => `${part} ok`));
  });

  it('skips, with the reason, what the inventory does not have', async () => {
    const cloud = cloudOn(fake, { services: ['identity', 'image'], compute: [] });
    const { outcomes, summary } = await smokeOn(fake, { cloud });
    expect(outcomes.filter((one) => one.endsWith('ok'))).toEqual(['login ok', 'image ok', 'cleanup ok']);
    expect(summary).toMatchObject({ failed: 0, skipped: 7 });
  });

  it('uses the existing external network, and creates none', async () => {
    const outside = { id: 'public', name: 'public', 'router:external': true, subnets: ['one'] };
    fake.world.things.set('networks', new Map([['public', outside]]));
    expect((await smokeOn(fake)).summary.failed).toBe(0);
    expect(fake.made('/network/v2.0/networks')).toBe(1);
    expect(fake.names).toEqual(['public']);
  });
});

describe('a fault during the test', () => {
  const made = (path: string): RegExp => new RegExp(`^${path}$`);
  it.each<[string, Fault]>([
    [
      'a lost answer after a network was created',
      { method: 'POST', path: made('/network/v2.0/networks'), what: 'reset-after' },
    ],
    [
      'a lost answer after a server was created',
      { method: 'POST', path: made('/compute/v2.1/servers'), what: 'reset-after' },
    ],
    [
      'a lost answer after an image was created',
      { method: 'POST', path: made('/v2/images'), what: 'reset-after' },
    ],
    ['a lost answer after an upload', { method: 'PUT', path: /file$/, what: 'reset-after' }],
    [
      'a lost answer after a router got its interface',
      { method: 'PUT', path: /add_router_interface$/, what: 'reset-after' },
    ],
    [
      'a connection that breaks before a floating address was created',
      { method: 'POST', path: /floatingips$/, what: 'reset-before' },
    ],
    ['a connection that breaks before an upload', { method: 'PUT', path: /file$/, what: 'reset-before' }],
    ['HAProxy without a server for some time', { method: 'POST', path: /routers$/, what: 'proxy', times: 3 }],
    ['a service whose database moves', { method: 'GET', path: /servers/, what: 500, times: 2 }],
    ['a gateway timeout', { method: 'POST', path: /flavors$/, what: 504 }],
    ['an expired token', { method: 'GET', path: /networks$/, what: 401 }],
    ['a deletion that fails first', { method: 'DELETE', path: /networks/, what: 409, times: 2 }],
    ['a deletion whose answer is lost', { method: 'DELETE', path: /servers/, what: 'reset-after' }],
  ])('is survived, and nothing is created twice or left behind: %s', async (_, fault) => {
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
  it('of a server shows the reason that Nova gives and a hint, and everything is removed', async () => {
    fake.world.fault = 'No valid host was found.';
    const { outcomes, events } = await smokeOn(fake);
    expect(outcomes.slice(-4)).toEqual([
      'server failed',
      'console skipped',
      'floating skipped',
      'cleanup ok',
    ]);
    expect(failureOf(events, 'server')).toMatch(
      /in ERROR: No valid host was found\. \(no compute host accepted it/,
    );
    expect(fake.names).toEqual([]);
  });

  it('of one service does not prevent the test of the others', async () => {
    fake.faults.push({ method: 'POST', path: /\/types$/, what: 403, times: 9 });
    fake.faults.push({ method: 'POST', path: /\/v2\/images$/, what: 403, times: 9 });
    const { outcomes, events } = await smokeOn(fake);
    expect(outcomes.filter((one) => one.endsWith('failed'))).toEqual(['image failed', 'volume failed']);
    expect(outcomes).toContain('network ok');
    expect(failureOf(events, 'volume')).toBe('volume: POST /types returned 403: a fault on purpose ()');
    expect(fake.names).toEqual([]);
  });

  it('of the login is reported as such, and nothing else is tried', async () => {
    const credentials = { ...cloudOn(fake).credentials, password: new Secret('openstackAdmin', 'wrong') };
    const { outcomes, events } = await smokeOn(fake, { cloud: cloudOn(fake, { credentials }) });
    expect(failureOf(events, 'login')).toContain('rejects the password of admin from the secrets');
    expect(outcomes.filter((one) => !one.endsWith('skipped'))).toEqual(['login failed']);
  });

  it('to build a guest names the missing packages', async () => {
    const { events } = await smokeOn(fake, { transport: hostsOf(fake, { missing: 'busybox' }) });
    expect(failureOf(events, 'guest')).toMatch(/compute1 has no busybox; .*apt-get install .*busybox-static/);
    expect(fake.names).toEqual([]);
  });

  it("of the guest's kernel is reported with its reason, without waiting", async () => {
    fake.world.console = '[ 0.044] Kernel panic - not syncing: no timer\n[ 0.044] Call Trace:\n';
    const { events, outcomes } = await smokeOn(fake, { bootMs: 60_000 });
    expect(outcomes).toContain('console failed');
    expect(failureOf(events, 'console')).toMatch(/^kernel panic in the guest: no timer; .*Call Trace/s);
    expect(fake.names).toEqual([]);
  });

  it('of all connections makes the cloud unreachable', async () => {
    const transport = hostsOf(fake);
    const { control, compute } = cloudOn(fake);
    for (const host of [...control, ...compute]) transport.refuse(host.name);
    const { summary, events } = await smokeOn(fake, { transport });
    expect(summary).toMatchObject({ unreachable: 1, failed: 1 });
    expect(failureOf(events, 'login')).toContain('no route to 127.0.0.1');
  });

  it('of one host leads through another', async () => {
    const transport = hostsOf(fake);
    transport.refuse('controller1', new ConnectError('timed-out', 'it does not answer', 'is it up?'));
    const { summary, events } = await smokeOn(fake, { transport });
    expect(summary.failed).toBe(0);
    expect(events.flatMap((event) => (event.event === 'evidence' ? [event.because] : []))).toEqual([
      'Glance on controller1 was not tested directly: controller1: it does not answer',
    ]);
  });

  it('to remove something is reported, with the names of what remains', async () => {
    fake.faults.push({ method: 'DELETE', path: /flavors/, what: 403, times: Infinity });
    const { summary, events } = await smokeOn(fake, { removalMs: 1_500 });
    expect(summary.failed).toBe(1);
    expect(failureOf(events, 'cleanup')).toMatch(
      new RegExp(`^left behind: flavor osha-smoke-${RUN}-flavor \\(.*a fault on purpose`),
    );
    expect(fake.names).toEqual([`osha-smoke-${RUN}-flavor`]);
  });
});

it.each(['network', 'image', 'server', 'floating'])(
  'stops at a Ctrl-C during "%s", and leaves nothing behind',
  async (step) => {
    const controller = new AbortController();
    const begun = new Set<string>();
    const { summary, outcomes } = await smokeOn(fake, {
      signal: controller.signal,
      begun,
      onEvent: (event) => {
        if (event.event === 'step-started' && event.step === step) controller.abort(new Error('Ctrl-C'));
      },
    });
    expect(summary.interrupted).toBe(true);
    expect(outcomes).toContain(`${step} interrupted`);
    expect(outcomes.at(-1)).toBe('cleanup ok');
    expect(fake.names).toEqual([]);
    expect([...begun]).toEqual([]);
  },
);
