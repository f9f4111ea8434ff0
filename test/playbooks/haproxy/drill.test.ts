import { describe, expect, it } from 'vitest';
import galera from '../../../playbooks/galera/playbook.ts';
import haproxy from '../../../playbooks/haproxy/playbook.ts';
import rabbitmq from '../../../playbooks/rabbitmq/playbook.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import type { DrillProof } from '../../../src/playbook/drill.ts';
import type { Frontend } from '../../../src/playbook/playbook.ts';
import { anInventory } from '../../support/inventory.ts';
import { contextOf } from '../context.ts';

/** A frontend of a playbook, on port 5000 of the virtual IP of users. */
function aFrontend(overrides: Partial<Frontend> = {}): Frontend {
  return {
    ...{
      name: 'identity',
      vip: 'api',
      port: 5000,
      mode: 'http',
      balance: 'source',
      active: 'all',
      servers: [],
    },
    ...overrides,
  };
}

/** What is measured, as NAME ADDRESS:PORT, with its proof. */
function servicesOf(
  frontends: readonly Frontend[],
  { settings = {}, inventory = anInventory() }: { settings?: unknown; inventory?: Inventory } = {},
): readonly (readonly [string, DrillProof])[] {
  const { services = [] } = haproxy.drill?.(contextOf(haproxy, { inventory, settings, frontends })) ?? {};
  return services.map(({ name, address, port, proof }) => [`${name} ${address}:${port}`, proof]);
}

const ALIVE: DrillProof = { kind: 'page', path: '/alive', tls: false };
const VIPS = [
  ['virtual IP api 192.0.2.20:1080', ALIVE],
  ['virtual IP database 192.0.2.21:1080', ALIVE],
] as const;

describe('an availability test of HAProxy', () => {
  it('measures HAProxy itself on each virtual IP', () => {
    expect(servicesOf([])).toEqual(VIPS);
  });

  it('does not measure HAProxy on a virtual IP that it does not listen on', () => {
    const { vips } = anInventory();
    const inventory = anInventory({ vips: vips.map((vip) => ({ ...vip, haproxy: vip.name === 'api' })) });
    expect(servicesOf([], { inventory })).toEqual(VIPS.slice(0, 1));
    expect(servicesOf([aFrontend()], { inventory: anInventory({ vips: [] }) })).toEqual([]);
  });

  const places: readonly (readonly [string, Partial<Frontend>, string])[] = [
    ['the virtual IP that it names', { vip: 'database' }, 'identity 192.0.2.21:5000'],
    ['the virtual IP of users, if its own does not exist', { vip: 'identity' }, 'identity 192.0.2.20:5000'],
    [
      'the virtual IP of internal services, if its own does not exist',
      { vip: 'messaging', internal: true },
      'identity 192.0.2.21:5000',
    ],
  ];
  it.each(places)('measures a frontend on %s', (_name, frontend, place) => {
    expect(
      servicesOf([aFrontend(frontend)])
        .slice(VIPS.length)
        .map(([name]) => name),
    ).toEqual([place]);
  });

  it('measures the frontends of the inventory as well', () => {
    const frontends = { registry: { vip: 'api', port: 5443, servers: ['controller'], check_path: '/v2/' } };
    expect(servicesOf([], { settings: { frontends } }).slice(VIPS.length)).toEqual([
      ['registry 192.0.2.20:5443', { kind: 'page', path: '/v2/', tls: false }],
    ]);
  });
});

describe('the proof that a service answers', () => {
  const tls = { tls: { api: {} } };
  const cases: readonly (readonly [string, Partial<Frontend>, unknown, DrillProof])[] = [
    ['a page', {}, {}, { kind: 'page', path: '/', tls: false }],
    [
      'the page of its check',
      { check: { httpPath: '/healthcheck' } },
      {},
      { kind: 'page', path: '/healthcheck', tls: false },
    ],
    [
      'its first page, if its check has a port of its own',
      { check: { port: 9200, httpPath: '/healthcheck' } },
      {},
      { kind: 'page', path: '/', tls: false },
    ],
    ['a page over TLS', {}, tls, { kind: 'page', path: '/', tls: true }],
    [
      'a page without TLS on another virtual IP',
      { vip: 'database' },
      tls,
      { kind: 'page', path: '/', tls: false },
    ],
    [
      'the redirect to HTTPS, which is without TLS',
      { redirectToHttps: true },
      tls,
      { kind: 'page', path: '/', tls: false },
    ],
    ['a greeting', { mode: 'tcp', greeting: {} }, {}, { kind: 'bytes' }],
    [
      'an answer to a greeting',
      { mode: 'tcp', greeting: { send: 'hello' } },
      {},
      { kind: 'bytes', send: 'hello' },
    ],
    ['a connection, if nothing is known about it', { mode: 'tcp' }, {}, { kind: 'connection' }],
    ['a connection without TLS, which is for HTTP only', { mode: 'tcp' }, tls, { kind: 'connection' }],
    [
      'a connection, not the page that HAProxy checks on a server',
      { mode: 'tcp', check: { port: 9200, httpPath: '/' } },
      {},
      { kind: 'connection' },
    ],
  ];
  it.each(cases)('is %s', (_name, frontend, settings, proof) => {
    const [own] = servicesOf([aFrontend(frontend)], { settings }).slice(VIPS.length);
    expect(own?.[1]).toEqual(proof);
  });

  it.each([
    ['database', galera, { kind: 'bytes' }],
    ['broker', rabbitmq, { kind: 'bytes', send: 'AMQP\0\0\t\x01' }],
  ] as const)('is what the %s sends before a login', (_name, playbook, proof) => {
    const frontends = playbook.frontends?.(contextOf(playbook)) ?? [];
    expect(
      servicesOf(frontends)
        .slice(VIPS.length)
        .map(([, found]) => found),
    ).toEqual([proof]);
  });
});
