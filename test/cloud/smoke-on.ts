import { connect } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { NotSent } from '../../src/cloud/errors.ts';
import { GUEST_PORT } from '../../src/cloud/guest.ts';
import { pause } from '../../src/transport/timers.ts';
import { smokeTest, type SmokeOptions, type SmokeSummary } from '../../src/cloud/smoke/smoke.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { ForwardError } from '../../src/transport/errors.ts';
import { createFakeTransport, type FakeTransport } from '../transport/fake.ts';
import { aHost } from '../support/inventory.ts';
import type { FakeCloud } from './fake-cloud.ts';
import type { Cloud } from '../../src/cloud/api.ts';
import { Hosts } from '../../src/cloud/dial.ts';

export const RUN = 'testtest';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

export interface HostsOptions {
  /** What none of them has. */
  readonly missing?: string;
  /** Names of those that are in the network of the virtual IP; default all. */
  readonly inNetwork?: readonly string[];
}

/** Hosts that can make a guest, and that reach the cloud and its servers. */
export function hostsOf(fake: FakeCloud, options: HostsOptions = {}): FakeTransport {
  return createFakeTransport({
    answer: () => ({
      stdout:
        options.missing === undefined
          ? `name /boot/vmlinuz-6\nkernel ${base64('kernel')}\nramdisk ${base64('ramdisk')}\n`
          : `missing ${options.missing}\n`,
    }),
    forward: async (host, address, port) => {
      if (port === GUEST_PORT) return saying(`${markerOf(fake)}\n`);
      if (address.startsWith('192.0.2.')) return connect(fake.port, '127.0.0.1');
      if (options.inNetwork?.includes(host.name) === false)
        throw new ForwardError('no route to host', { prohibited: false });
      return connect(port, '127.0.0.1');
    },
  });
}

/** What the guest of the image that is there says. */
function markerOf(fake: FakeCloud): string {
  const images = [...(fake.world.things.get('images')?.values() ?? [])];
  const lines = images.map((image) => JSON.stringify(image['os_command_line']));
  return /osha\.marker=([\w-]+)/.exec(lines.join('\n'))?.[1] ?? 'nothing';
}

function saying(text: string): Duplex {
  const stream = new PassThrough();
  stream.write(text);
  return stream;
}

/** A cloud of three controllers and a compute host at the address of `fake`. */
export function cloudOn(fake: FakeCloud, overrides: Partial<Cloud> = {}): Cloud {
  const control = ['controller1', 'controller2', 'controller3'].map((name) => aHost(name));
  return {
    name: 'test',
    credentials: {
      authUrl: fake.authUrl,
      region: 'RegionOne',
      user: 'admin',
      project: 'admin',
      password: new Secret('openstackAdmin', 'right'),
    },
    services: ['identity', 'image', 'placement', 'network', 'compute', 'volume'],
    entrances: control,
    control,
    network: control,
    compute: [aHost('compute1', { roles: ['compute'] })],
    imagePort: 9292,
    outside: {
      physicalNetwork: 'external',
      subnet: '203.0.113.0/24',
      gateway: '203.0.113.1',
      floating: '203.0.113.100-203.0.113.199',
    },
    ...overrides,
  };
}

export interface Smoked {
  readonly summary: SmokeSummary;
  readonly events: readonly RunEvent[];
  /** `step outcome`, in order. */
  readonly outcomes: readonly string[];
}

/** One round on a fake cloud, that this machine cannot reach by itself. */
export async function smokeOn(
  fake: FakeCloud,
  options: Partial<SmokeOptions> & {
    readonly transport?: FakeTransport;
    readonly onEvent?: (event: RunEvent) => void;
  } = {},
): Promise<Smoked> {
  const events: RunEvent[] = [];
  const { transport = hostsOf(fake), onEvent, ...overrides } = options;
  const hosts = new Hosts(transport, { timeoutMs: 1000, acceptNew: false });
  const summary = await smokeTest({
    cloud: cloudOn(fake),
    hosts,
    direct: () => Promise.reject(new NotSent('not from here')),
    command: 'osha smoke inventory.yaml',
    inventory: 'inventory.yaml',
    rounds: 1,
    newId: () => RUN,
    server: true,
    bootMs: 5_000,
    patienceMs: 8_000,
    removalMs: 10_000,
    begun: new Set(),
    signal: new AbortController().signal,
    pause: (ms, signal) => pause(ms / 100, signal),
    emit: (event) => {
      events.push(event);
      onEvent?.(event);
    },
    ...overrides,
  });
  await hosts.close();
  const outcomes = events.flatMap((event) =>
    event.event === 'step-finished' ? [`${event.step} ${event.outcome}`] : [],
  );
  return { summary, events, outcomes };
}
