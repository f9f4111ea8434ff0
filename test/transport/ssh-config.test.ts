import { homedir, hostname, userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  configuredLogin,
  expandTokens,
  parseProxyJump,
  type ConfiguredLogin,
} from '../../src/transport/ssh-config.ts';

const DEFAULTS = `user me
hostname localhost
port 22
identitiesonly no
identityfile ~/.ssh/id_rsa
identityfile ~/.ssh/id_ed25519
`;

describe("the output of ssh -G, compared with ssh's defaults", () => {
  const keep =
    'user me\nhostname h1\nport 22\nidentitiesonly no\nidentityfile ~/.ssh/id_rsa\nidentityfile ~/.ssh/id_ed25519\n';
  const cases: readonly (readonly [title: string, answer: string, said: ConfiguredLogin])[] = [
    ['gives nothing where it is the same, except for the case of the name', keep, {}],
    ['gives another name', keep.replace('hostname h1', 'hostname 10.0.0.1'), { hostName: '10.0.0.1' }],
    ['gives a user', keep.replace('user me', 'user deploy'), { user: 'deploy' }],
    ['gives a port', keep.replace('port 22', 'port 2222'), { port: 2222 }],
    [
      'gives keys, also with spaces in their names',
      'identityfile ~/.ssh/a\nidentityfile /my keys/b\n',
      { identityFiles: ['~/.ssh/a', '/my keys/b'] },
    ],
    ['gives no keys for IdentityFile none', 'identityfile none\n', { identityFiles: [] }],
    ['gives IdentitiesOnly', keep.replace('only no', 'only yes'), { identitiesOnly: true }],
    ['gives hops', `${keep}proxyjump a,b\n`, { proxyJump: 'a,b' }],
    ['gives no hop for ProxyJump none', `${keep}proxyjump none\n`, {}],
    ['gives a command', `${keep}proxycommand nc %h %p\n`, { proxyCommand: 'nc %h %p' }],
    ['gives no command for ProxyCommand none', `${keep}proxycommand none\n`, {}],
    [
      'may have Windows line ends',
      keep.replace('user me', 'user you').replaceAll('\n', '\r\n'),
      { user: 'you' },
    ],
  ];
  it.each(cases)('%s', (_title, answer, said) => {
    const whole = answer.includes('identityfile ~/.ssh/id_rsa')
      ? answer
      : keep.replace(/identityfile .*\n/g, '') + answer;
    expect(configuredLogin('H1', whole, DEFAULTS)).toEqual(said);
  });
});

describe('a ProxyJump', () => {
  it.each([
    ['bastion', [{ address: 'bastion' }]],
    ['me@bastion:2222', [{ address: 'bastion', user: 'me', port: 2222 }]],
    ['me@corp@bastion', [{ address: 'bastion', user: 'me@corp' }]],
    ['a_b,[10.0.0.1]:23', [{ address: 'a_b' }, { address: '10.0.0.1', port: 23 }]],
    ['me@[2001:db8::1]:22', [{ address: '2001:db8::1', user: 'me', port: 22 }]],
    ['ssh://me@bastion:9/', [{ address: 'bastion', user: 'me', port: 9 }]],
    ['a b', undefined],
    ['a,,b', undefined],
  ])('%s is parsed', (text, hops) => {
    expect(parseProxyJump(text)).toEqual(hops);
  });
});

describe("a token of ssh's configuration", () => {
  const values = { original: 'h1', address: '10.0.0.1', port: 2222, user: 'deploy' };
  const { homedir: home, username, uid } = userInfo();
  it.each([
    ['~/.ssh/%h_%r', `${home || homedir()}/.ssh/10.0.0.1_deploy`],
    ['%d/%n-%k:%p', `${home}/h1-h1:2222`],
    ['%u/%i', `${username}/${uid}`],
    ['%l/%L', `${hostname()}/${hostname().split('.')[0] ?? ''}`],
    ['100%%h', '100%h'],
    ['${PATH}/x', `${process.env['PATH'] ?? ''}/x`],
    ['${NO_SUCH_VARIABLE}/%C/~me', '${NO_SUCH_VARIABLE}/%C/~me'],
  ])('%j expands as in ssh', (value, expected) => {
    expect(expandTokens(value, values)).toBe(expected);
  });
});
