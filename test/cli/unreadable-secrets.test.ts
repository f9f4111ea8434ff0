import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sealSecrets } from '../../src/secrets/seal.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { oshaWith, type CliResult } from './run-cli.ts';

const root = folderForAll();

const INVENTORY = `name: prod
hosts:
  one: { address: 192.0.2.11, roles: [controller] }
  two: { address: 192.0.2.12, roles: [controller] }
  three: { address: 192.0.2.13, roles: [controller] }
vips: { api: { address: 192.0.2.20/24, interface: eth0 }, internal: { address: 192.0.2.21/24, interface: eth0 } }
openstack: { services: [identity] }
haproxy: { tls: { api: {} } }
`;

/** Every verb that needs to read the secrets; none of them connects to a host before it has. */
const VERBS: readonly (readonly string[])[] = [
  ['secrets', 'list'],
  ['secrets', 'generate'],
  ['secrets', 'rotate', 'erlangCookie', '--yes'],
  ['secrets', 'adopt'],
  ['secrets', 'decrypt'],
  ['ca'],
  ['openrc'],
  ['deploy'],
  ['deploy', '--diff'],
];

/** By folder: its content, and the only line that is printed, without its place. */
const CASES: readonly (readonly [name: string, plain: boolean, said: string])[] = [
  ['wrong-passphrase', false, 'the secrets cannot be opened with this key'],
  ['damaged', false, 'the sealed file is damaged'],
  ['not-age', false, 'the sealed file is not an age file'],
  ['folder', false, 'this is a folder'],
  ['dangling-link', true, 'this symbolic link is broken'],
  ['link-to-itself', true, 'the file is a symbolic link to itself'],
  ['not-utf-8', true, 'a byte here is not UTF-8'],
  ['not-yaml', true, 'a quote is opened here and never closed'],
  ['no-map', true, 'expected "name: value" lines'],
];

beforeAll(async () => {
  for (const [name] of CASES) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'inventory.yaml'), INVENTORY);
  }
  writeFileSync(join(root, 'passphrase'), 'wrong horse\n');
  const sealed = await sealSecrets('erlangCookie: abcdefghijKLMNOPqrst\n', { passphrase: 'right horse' }, 1);
  const own = await sealSecrets('erlangCookie: abcdefghijKLMNOPqrst\n', { passphrase: 'wrong horse' }, 1);
  const lines = own.split('\n');
  lines[3] = [...(lines[3] ?? '')].reverse().join('');
  const write = (path: string, content: string | Uint8Array): void =>
    writeFileSync(join(root, path), content, { mode: 0o600 });
  write('wrong-passphrase/secrets.yaml.age', sealed);
  write('damaged/secrets.yaml.age', lines.join('\n'));
  write('not-age/secrets.yaml.age', 'erlangCookie: abcdefghijKLMNOPqrst\n');
  mkdirSync(join(root, 'folder/secrets.yaml.age'));
  symlinkSync('/mnt/not-mounted/secrets.yaml', join(root, 'dangling-link/secrets.yaml'));
  symlinkSync('secrets.yaml', join(root, 'link-to-itself/secrets.yaml'));
  write('not-utf-8/secrets.yaml', Uint8Array.of(0x61, 0x3a, 0x20, 0xff, 0x0a));
  write('not-yaml/secrets.yaml', 'erlangCookie: "abcdefghijKLMNOPqrst\n');
  write('no-map/secrets.yaml', '- erlangCookie\n');
});

function run(name: string, verb: readonly string[], ...options: readonly string[]): Promise<CliResult> {
  const words = verb[0] === 'secrets' ? verb.slice(0, 2) : verb.slice(0, 1);
  const env = { OSHA_PASSPHRASE_FILE: join(root, 'passphrase') };
  const args = [...words, 'inventory.yaml', ...verb.slice(words.length), ...options];
  return oshaWith({ cwd: join(root, name), env }, ...args);
}

describe.each(CASES)('secrets that cannot be read (%s)', (name, plain, said) => {
  const verbs = VERBS.filter((verb) => !(plain && verb[1] === 'decrypt'));
  it.each(verbs.map((verb) => [verb.join(' '), verb] as const))(
    'are the only problem that osha %s reports, with 2',
    async (_words, verb) => {
      const { exitCode, stdout, stderr } = await run(name, verb);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr.split(said)).toHaveLength(2);
      expect(stderr).toMatch(/secrets\.yaml/);
      expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    },
  );

  it('leave no secret that osha secrets list --json calls missing', async () => {
    const { exitCode, stdout } = await run(name, ['secrets', 'list'], '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect({ exitCode, events }).toEqual({ exitCode: 2, events: ['problem', 'error'] });
  });
});

it.each(['render', 'plan', 'validate'])(
  'osha %s leaves sealed secrets closed, and needs no passphrase for them',
  async (verb) => {
    const options = verb === 'render' ? ['--out', 'out'] : [];
    expect(await run('wrong-passphrase', [verb], ...options)).toMatchObject({ exitCode: 0, stderr: '' });
  },
);

it.each([
  ['/nonexistent/passphrase', 'no such file or folder'],
  [root, 'is a folder, not a file'],
])('a passphrase file that cannot be read (%s) is named with its variable', async (file, reason) => {
  const env = { OSHA_PASSPHRASE_FILE: file };
  const cwd = join(root, 'wrong-passphrase');
  expect(await oshaWith({ cwd, env }, 'secrets', 'list', 'inventory.yaml')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `error: cannot read ${file}: ${reason}\nhint: the file is set in OSHA_PASSPHRASE_FILE\n`,
  });
});
