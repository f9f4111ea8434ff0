import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderForAll } from '../support/temporary-folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/cli/main.ts');

const folder = folderForAll();
beforeAll(() => {
  writeFileSync(
    join(folder, 'inventory.yaml'),
    'name: test\nssh: { user: root }\nhosts:\n' +
      ['a', 'b', 'c']
        .map((name, at) => `  ${name}: { address: 192.0.2.${at + 1}, roles: [controller] }\n`)
        .join('') +
      'vips:\n  api: { address: 192.0.2.20/24, interface: eth0 }\nhaproxy: { internal_vip: api }\n',
  );
});

/** osha as a process of its own: what is about processes and modules cannot be seen from inside of a test. */
function osha(command: string): { status: number | null; stdout: string; stderr: string } {
  const tsx = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
  const run = `node --import ${tsx} --conditions=osha-source ${MAIN}`;
  return spawnSync('bash', ['-c', command.replaceAll('osha ', `${run} `)], { cwd: folder, encoding: 'utf8' });
}

const PLAYBOOK = `
  import { asSecretText, everyHost, file, playbook, step, text, type Host } from 'osha';
  import { z } from 'zod';
  const path = (host: Host): string => '/etc/' + host.name;
  export default playbook({
    name: 'mine', title: 'My own', hosts: everyHost, settings: z.strictObject({}),
    secrets: { mySecret: { length: 20, alphabet: 'hex', describe: 'of my own' } },
    steps: ({ secrets }) => [
      step('Write it', (host) => file.content(path(host), { content: text\`k = \${secrets.mySecret}\` })),
    ],
  });`;

describe('osha run', () => {
  it('plans a TypeScript playbook in any folder, with osha and zod of this package', () => {
    writeFileSync(join(folder, 'mine.ts'), PLAYBOOK);
    const { status, stdout, stderr } = osha('osha run mine.ts inventory.yaml --dry-run');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('1. My own (mine)');
    expect(stdout).toContain('1 phase, 1 step, on 3 hosts;');
  });

  const MINE =
    "export default playbook({ name: 'mine', title: 'My own', hosts: everyHost, settings: z.strictObject({}),";
  it.each([
    [
      'exports no playbook',
      'export default 7;',
      'bad.ts:1:1: error: its default export is neither a playbook nor a list',
    ],
    [
      'cannot be compiled',
      '\nexport default {',
      'bad.ts:2:16: error: it cannot be loaded: Expected identifier but found',
    ],
    [
      'throws',
      "\nthrow new Error('my own mistake');",
      'bad.ts:2:7: error: it cannot be loaded: my own mistake',
    ],
    ['imports what is not there', "import 'nowhere-to-be-found';", "'nowhere-to-be-found'"],
    [
      'misspells an import',
      "import { fle } from 'osha'; fle();",
      'export named \'fle\'; did you mean "file"?',
    ],
    ['lacks an import', "export default role('time');", "role is not defined; import { role } from 'osha'"],
    [
      'misspells an operation',
      `import { everyHost, file, playbook, step } from 'osha'; import { z } from 'zod';
       ${MINE}
         steps: () => [step('Write it', () => file.contnt('/etc/x', { content: 'x' }))] });`,
      'bad.ts:3:52: error: step "Write it": file.contnt is not a function; did you mean file.content?',
    ],
    [
      'returns a promise',
      `import { everyHost, playbook } from 'osha'; import { z } from 'zod';
       ${MINE} steps: async () => [] });`,
      'error: steps returns a promise; make it a synchronous function',
    ],
    [
      'throws asynchronously',
      "setTimeout(() => { throw new Error('too late'); }, 0);\nawait new Promise((resolve) => setTimeout(resolve, 9000));",
      'bad.ts:1:26: too late',
    ],
  ])('rejects one that %s with 2 and its place, without a stack, also as JSON', (_, text, words) => {
    writeFileSync(join(folder, 'bad.ts'), text);
    const { status, stdout, stderr } = osha('osha run bad.ts inventory.yaml --json');
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/^ {4}at |defect/m);
    const lastLine: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(lastLine).toMatchObject({ event: 'error', exitCode: 2 });
    expect(status).toBe(2);
  });
});

describe('the process', () => {
  it('exits quietly when its reader goes away', () => {
    const { status, stderr } = osha('osha schema | head -1; exit ${PIPESTATUS[0]}');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('reports that its output cannot be written', () => {
    const { status, stderr } = osha('osha schema >/dev/full');
    expect(status).toBe(1);
    expect(stderr).toContain('no space left on device');
  });

  it('answers --version without loading other modules', () => {
    const mentions = (flag: string): number =>
      Number(osha(`NODE_DEBUG=esm,module osha ${flag} 2>&1 | grep -c commander`).stdout);
    expect(mentions('--help')).toBeGreaterThan(0);
    expect(mentions('--version')).toBe(0);
    expect(osha('osha --version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('two processes that generate secrets concurrently', () => {
  it('both exit with 0, and one of them writes the file', () => {
    for (let round = 0; round < 3; round += 1) {
      const { status, stdout } = osha(
        'osha secrets generate inventory.yaml & osha secrets generate inventory.yaml && wait $!',
      );
      expect(status).toBe(0);
      expect(stdout.trimEnd().split('\n').toSorted()).toEqual([
        expect.stringMatching(/^generated in secrets\.yaml: erlangCookie, /),
        'no secrets are missing',
      ]);
      expect(readdirSync(folder).filter((name) => name.includes('secrets'))).toEqual(['secrets.yaml']);
      rmSync(join(folder, 'secrets.yaml'));
    }
  });
});
