import { describe, expect, it } from 'vitest';
import type { SshSettings } from '../../src/inventory/types.ts';
import { routeTo, type ConfigLookup, type Destination } from '../../src/transport/route.ts';
import type { ConfiguredLogin } from '../../src/transport/ssh-config.ts';
import { aHost } from '../support/inventory.ts';

type Config = Readonly<Record<string, ConfiguredLogin>>;

/** An ssh configuration as a table, by address. */
const lookUpIn =
  (config: Config): ConfigLookup =>
  ({ address }) =>
    Promise.resolve(config[address] ?? {});

const host = (ssh: Partial<SshSettings>) =>
  aHost('h1', { address: 'h1', ssh: { sudo: true, knownHosts: [], ...ssh } });

const shown = ({ user, address, port }: Destination): string => `${user}@${address}:${port}`;

async function routeOf(ssh: Partial<SshSettings>, config: Config): Promise<readonly string[]> {
  const { to, through } = await routeTo(host(ssh), lookUpIn(config));
  return [...through, to].map(shown);
}

describe('the route to a host', () => {
  const bastion: Config = { h1: { proxyJump: 'bastion' } };
  const cases: readonly (readonly [string, Partial<SshSettings>, Config, readonly string[]])[] = [
    ['is the default without any setting', {}, {}, ['root@h1:22']],
    [
      'comes from the configuration',
      {},
      { h1: { user: 'deploy', port: 23, hostName: '10.0.0.1' } },
      ['deploy@10.0.0.1:23'],
    ],
    [
      'comes from the inventory first',
      { user: 'me', port: 24 },
      { h1: { user: 'deploy', port: 23 } },
      ['me@h1:24'],
    ],
    ['goes through a ProxyJump', {}, bastion, ['root@bastion:22', 'root@h1:22']],
    [
      'goes through a ProxyJump with the settings of its own in the configuration',
      { user: 'me' },
      { ...bastion, bastion: { user: 'gate', hostName: '10.0.0.9', port: 25, proxyJump: 'outer' } },
      ['root@outer:22', 'gate@10.0.0.9:25', 'me@h1:22'],
    ],
    [
      'goes through several hops, of which only the first can have hops of its own',
      {},
      {
        h1: { proxyJump: 'a,x@b:26' },
        a: { proxyJump: 'first' },
        b: { proxyJump: 'never', proxyCommand: 'never' },
      },
      ['root@first:22', 'root@a:22', 'x@b:26', 'root@h1:22'],
    ],
    [
      'expands the tokens of a ProxyJump',
      {},
      { h1: { proxyJump: 'gw-%n' } },
      ['root@gw-h1:22', 'root@h1:22'],
    ],
    [
      'is direct if the inventory says so',
      { jump: [] },
      { h1: { proxyJump: 'bastion', proxyCommand: 'x' } },
      ['root@h1:22'],
    ],
    [
      "goes through the inventory's jump, regardless of the configuration",
      { jump: [{ address: 'gate', user: 'me' }] },
      { h1: { proxyCommand: 'x' }, gate: { user: 'deploy', port: 27 } },
      ['me@gate:27', 'root@h1:22'],
    ],
    [
      "goes through hops of the configuration before the inventory's jump",
      { jump: [{ address: 'gate' }] },
      { gate: { proxyJump: 'outer' } },
      ['root@outer:22', 'root@gate:22', 'root@h1:22'],
    ],
    [
      'skips them if the inventory says that the jump host is direct',
      { jump: [{ address: 'gate', direct: true }] },
      { gate: { proxyJump: 'outer' } },
      ['root@gate:22', 'root@h1:22'],
    ],
    [
      'may go through the same machine at another port',
      {},
      {
        h1: { proxyJump: 'gw', port: 28, hostName: '10.0.0.1' },
        gw: { hostName: '10.0.0.1', proxyJump: 'outer' },
      },
      ['root@outer:22', 'root@10.0.0.1:22', 'root@10.0.0.1:28'],
    ],
  ];
  it.each(cases)('%s', async (_title, ssh, config, expected) => {
    expect(await routeOf(ssh, config)).toEqual(expected);
  });
});

describe('the keys for a host', () => {
  const config: Config = { h1: { identityFiles: ['/keys/%r', '/keys/b'], identitiesOnly: true } };

  it('come from the configuration, with the login user in their tokens', async () => {
    const { to } = await routeTo(host({ user: 'me' }), lookUpIn(config));
    expect(to).toMatchObject({ identityFiles: ['/keys/me', '/keys/b'], identitiesOnly: true });
  });

  it('come from the inventory if it names one', async () => {
    const { to } = await routeTo(host({ identity: '/keys/mine' }), lookUpIn(config));
    expect(to).toEqual({
      address: 'h1',
      user: 'root',
      port: 22,
      identity: '/keys/mine',
      identitiesOnly: true,
    });
  });
});

describe('an unsupported route', () => {
  const cases: readonly (readonly [string, Config, string, string])[] = [
    [
      'a ProxyCommand',
      { h1: { proxyCommand: 'nc %h %p' } },
      'the ssh configuration reaches h1 through a ProxyCommand (nc %h %p), which osha does not support',
      'use ProxyJump there, or jump: in the inventory',
    ],
    [
      'a ProxyCommand of a hop',
      { h1: { proxyJump: 'gate' }, gate: { proxyCommand: 'nc' } },
      'the ssh configuration reaches gate through a ProxyCommand (nc), which osha does not support',
      'use ProxyJump there, or jump: in the inventory',
    ],
    [
      'a loop',
      { h1: { proxyJump: 'a' }, a: { proxyJump: 'b' }, b: { proxyJump: 'a' } },
      'ProxyJump in the ssh configuration is a loop, or has too many hops: h1 -> a -> b -> a',
      'one of them has to be reached directly: "ProxyJump none", or jump: in the inventory',
    ],
    [
      'an invalid ProxyJump',
      { h1: { proxyJump: 'a b' } },
      'the ssh configuration has an invalid ProxyJump for h1: a b',
      'write user@host:port, separated by commas; or use jump: in the inventory',
    ],
  ];
  it.each(cases)('is %s', async (_title, config, message, hint) => {
    await expect(routeOf({}, config)).rejects.toMatchObject({ kind: 'ssh-config', message, hint });
  });

  it('is one where each hop names another one', async () => {
    const lookUp: ConfigLookup = () => Promise.resolve({ proxyJump: 'gw-%n' });
    await expect(routeTo(host({}), lookUp)).rejects.toMatchObject({
      message: expect.stringContaining('gw-gw-h1') as string,
    });
  });
});

it('looks up with the user and port of the inventory, for Match, and each hop in the same file', async () => {
  const queries: unknown[] = [];
  const lookUp: ConfigLookup = (query) => {
    queries.push(query);
    return Promise.resolve(query.address === 'h1' ? { proxyJump: 'me@gate' } : {});
  };
  await routeTo(host({ user: 'deploy', port: 29, config: '/site/ssh_config', identity: '/keys/a' }), lookUp);
  expect(queries).toEqual([
    { address: 'h1', user: 'deploy', port: 29, config: '/site/ssh_config' },
    { address: 'gate', user: 'me', config: '/site/ssh_config' },
  ]);
});
