import { describe, expect, it } from 'vitest';
import type { SshSettings } from '../../src/inventory/types.ts';
import type { Destination } from '../../src/transport/connect-failure.ts';
import { routeTo, type Ask } from '../../src/transport/route.ts';
import type { ConfiguredLogin } from '../../src/transport/ssh-config.ts';
import { aHost } from '../support/inventory.ts';

type Config = Readonly<Record<string, ConfiguredLogin>>;

/** A configuration as a table: what it says of each address. */
const asking =
  (config: Config): Ask =>
  ({ address }) =>
    Promise.resolve(config[address] ?? {});

const host = (ssh: Partial<SshSettings>) =>
  aHost('h1', { address: 'h1', ssh: { sudo: true, knownHosts: [], ...ssh } });

const shown = ({ user, address, port }: Destination): string => `${user}@${address}:${port}`;

async function way(ssh: Partial<SshSettings>, config: Config): Promise<readonly string[]> {
  const { to, through } = await routeTo(host(ssh), asking(config));
  return [...through, to].map(shown);
}

describe('the way to a host', () => {
  const bastion: Config = { h1: { proxyJump: 'bastion' } };
  const cases: readonly (readonly [string, Partial<SshSettings>, Config, readonly string[]])[] = [
    ['is that of the defaults where nobody says anything', {}, {}, ['root@h1:22']],
    [
      'is what the configuration says',
      {},
      { h1: { user: 'deploy', port: 23, hostName: '10.0.0.1' } },
      ['deploy@10.0.0.1:23'],
    ],
    [
      'is what the inventory says',
      { user: 'me', port: 24 },
      { h1: { user: 'deploy', port: 23 } },
      ['me@h1:24'],
    ],
    ['goes through a ProxyJump', {}, bastion, ['root@bastion:22', 'root@h1:22']],
    [
      'goes through a ProxyJump as the configuration says it is reached',
      { user: 'me' },
      { ...bastion, bastion: { user: 'gate', hostName: '10.0.0.9', port: 25, proxyJump: 'outer' } },
      ['root@outer:22', 'gate@10.0.0.9:25', 'me@h1:22'],
    ],
    [
      'goes through several, of which only the first has others before it',
      {},
      {
        h1: { proxyJump: 'a,x@b:26' },
        a: { proxyJump: 'first' },
        b: { proxyJump: 'never', proxyCommand: 'never' },
      },
      ['root@first:22', 'root@a:22', 'x@b:26', 'root@h1:22'],
    ],
    ['takes the tokens of a ProxyJump', {}, { h1: { proxyJump: 'gw-%n' } }, ['root@gw-h1:22', 'root@h1:22']],
    [
      'is direct where the inventory says so',
      { jump: [] },
      { h1: { proxyJump: 'bastion', proxyCommand: 'x' } },
      ['root@h1:22'],
    ],
    [
      "goes through the inventory's jump, whatever the configuration says",
      { jump: [{ address: 'gate', user: 'me' }] },
      { h1: { proxyCommand: 'x' }, gate: { user: 'deploy', port: 27 } },
      ['me@gate:27', 'root@h1:22'],
    ],
    [
      "goes through what the configuration puts before the inventory's jump",
      { jump: [{ address: 'gate' }] },
      { gate: { proxyJump: 'outer' } },
      ['root@outer:22', 'root@gate:22', 'root@h1:22'],
    ],
    [
      'but not where the inventory says that the jump host is reached directly',
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
    expect(await way(ssh, config)).toEqual(expected);
  });
});

describe('the keys for a host', () => {
  const config: Config = { h1: { identityFiles: ['/keys/%r', '/keys/b'], identitiesOnly: true } };

  it('are those of the configuration, for the user that is logged in as', async () => {
    const { to } = await routeTo(host({ user: 'me' }), asking(config));
    expect(to).toMatchObject({ identityFiles: ['/keys/me', '/keys/b'], identitiesOnly: true });
  });

  it("are the inventory's where it names one", async () => {
    const { to } = await routeTo(host({ identity: '/keys/mine' }), asking(config));
    expect(to).toEqual({
      address: 'h1',
      user: 'root',
      port: 22,
      identity: '/keys/mine',
      identitiesOnly: true,
    });
  });
});

describe('a way that cannot be gone', () => {
  const cases: readonly (readonly [string, Config, string, string])[] = [
    [
      'a ProxyCommand',
      { h1: { proxyCommand: 'nc %h %p' } },
      "ssh's configuration reaches h1 by a ProxyCommand (nc %h %p), which osha cannot use",
      'write ProxyJump there, or jump: in the inventory',
    ],
    [
      'a ProxyCommand of a hop',
      { h1: { proxyJump: 'gate' }, gate: { proxyCommand: 'nc' } },
      "ssh's configuration reaches gate by a ProxyCommand (nc), which osha cannot use",
      'write ProxyJump there, or jump: in the inventory',
    ],
    [
      'a circle',
      { h1: { proxyJump: 'a' }, a: { proxyJump: 'b' }, b: { proxyJump: 'a' } },
      "ProxyJump in ssh's configuration leads in a circle, or too far: h1 -> a -> b -> a",
      'one of them has to be reached directly: "ProxyJump none", or jump: in the inventory',
    ],
    [
      'a ProxyJump that is none',
      { h1: { proxyJump: 'a b' } },
      "ssh's configuration has a ProxyJump for h1 that is not understood: a b",
      'write user@host:port, several with commas; or jump: in the inventory',
    ],
  ];
  it.each(cases)('is %s', async (_title, config, message, hint) => {
    await expect(way({}, config)).rejects.toMatchObject({ kind: 'ssh-config', message, hint });
  });

  it('is one where each hop names a further one', async () => {
    const ask: Ask = () => Promise.resolve({ proxyJump: 'gw-%n' });
    await expect(routeTo(host({}), ask)).rejects.toMatchObject({
      message: expect.stringContaining('gw-gw-h1') as string,
    });
  });
});

it("asks with the inventory's user and port, which Match looks at, and for each hop in the same file", async () => {
  const asked: unknown[] = [];
  const ask: Ask = (question) => {
    asked.push(question);
    return Promise.resolve(question.address === 'h1' ? { proxyJump: 'me@gate' } : {});
  };
  await routeTo(host({ user: 'deploy', port: 29, config: '/site/ssh_config', identity: '/keys/a' }), ask);
  expect(asked).toEqual([
    { address: 'h1', user: 'deploy', port: 29, config: '/site/ssh_config' },
    { address: 'gate', user: 'me', config: '/site/ssh_config' },
  ]);
});
