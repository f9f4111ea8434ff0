import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderForAll } from '../support/temporary-folder.ts';
import type { CliResult } from './run-cli.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = folderForAll();

const hosts =
  'hosts:\n' +
  ['a', 'b', 'c']
    .map((name, at) => `  ${name}: { address: 192.0.2.${at + 1}, roles: [controller] }\n`)
    .join('') +
  'vips:\n  api: { address: 192.0.2.20/24, interface: eth0 }\n  internal: { address: 192.0.2.21/24, interface: eth0 }\n';

const aPlaybook = (name: string, rest = ''): string => `
  import { everyHost, file, playbook, role, step } from 'osha';
  import { z } from 'zod';
  export default playbook({
    name: '${name}', title: 'My ${name}', hosts: everyHost,
    settings: z.strictObject({ text: z.string().default('hello') }),
    steps: ({ settings }) => [
      step('Prepare', file.directory('/srv/${name}', { mode: 0o755 })),
      step('Write it', file.content('/srv/${name}/text', { content: settings.text })),
    ],
    health: () => [], ${rest}
  });`;

/** Inventories in a folder of their own: what they name is relative to them, and not to where osha is called. */
const FILES: Readonly<Record<string, string>> = {
  'site/plain.yaml': `name: plain\n${hosts}`,
  'site/good.yaml': `name: good\nplaybooks: [./motd.ts, more/other.ts]\nmotd: { text: hi }\n${hosts}`,
  'site/unnamed.yaml': `name: unnamed\nmotd: { text: hi }\n${hosts}`,
  'site/setting.yaml': `name: setting\nplaybooks: [./motd.ts]\nmotd: { txt: hi }\n${hosts}`,
  'site/missing.yaml': `name: missing\nplaybooks:\n  - ./motd.ts\n  - ./nowhere.ts\nnowhere: { x: 1 }\n${hosts}`,
  'site/throwing.yaml': `name: throwing\nplaybooks: [./motd.ts, ./throwing.ts]\n${hosts}`,
  'site/typo.yaml': `name: typo\nplaybooks: [./typo.ts]\n${hosts}`,
  'site/taken.yaml': `name: taken\nplaybooks: [./galera.ts]\n${hosts}`,
  'site/needing.yaml': `name: needing\nplaybooks: [./needing.ts]\n${hosts}`,
  'site/circle.yaml': `name: circle\nplaybooks: [./one.ts, ./two.ts]\n${hosts}`,
  'site/wrong.yaml': `name: wrong\nplaybooks: ./motd.ts\n${hosts}`,
  'site/lives.yaml': `name: lives\nplaybooks: [./lives.ts]\n${hosts}`,
  'site/dies.yaml': `name: dies\nplaybooks: [./dies.ts]\n${hosts}`,
  'site/motd.ts': aPlaybook('motd'),
  'site/lives.ts': aPlaybook('lives', "life: () => ({ okToStop: () => [], drain: () => 'nothing' }),"),
  'site/dies.ts': aPlaybook('dies', "life: () => { throw new Error('my own mistake'); },"),
  'site/more/other.ts': aPlaybook('other', "needs: ['motd'],"),
  'site/throwing.ts': "\nthrow new Error('my own mistake');",
  'site/typo.ts': aPlaybook('typo').replace('file.content', 'file.contnt'),
  'site/galera.ts': aPlaybook('galera'),
  'site/needing.ts': aPlaybook('needing', "needs: ['galerra'],"),
  'site/one.ts': aPlaybook('one', "needs: ['two'],"),
  'site/two.ts': aPlaybook('two', "needs: ['one'],"),
  'site/nobody.ts': aPlaybook('nobody').replace('hosts: everyHost', 'hosts: () => []'),
  'site/manual.ts': aPlaybook('manual', 'manual: true,'),
};

const COMMANDS = [
  'plan site/good.yaml',
  'plan site/good.yaml --only motd,base --json',
  'plan site/good.yaml --from motd:write-it --json',
  'plan site/good.yaml --skip motd --json',
  'deploy site/good.yaml --dry-run --only motd --limit b --json',
  'validate site/good.yaml',
  'phases site/good.yaml --json',
  'schema site/good.yaml',
  'schema',
  'render site/good.yaml --out out',
  'secrets list site/good.yaml',
  'run site/motd.ts site/good.yaml --dry-run --json',
  'run site/motd.ts site/plain.yaml --dry-run --json',
  'run site/motd.ts site/unnamed.yaml --dry-run --json',
  'run site/manual.ts site/plain.yaml --dry-run --json',
  'run site/motd.ts site/plain.yaml --dry-run --only galera',
  'run site/motd.ts site/plain.yaml --dry-run --from motd:write-it --limit c --json',
  'run site/motd.ts site/plain.yaml --dry-run --skip motd --json',
  'run site/nobody.ts site/plain.yaml --dry-run',
  'run site/galera.ts site/plain.yaml --dry-run',
  ...['unnamed', 'setting', 'missing', 'throwing', 'typo', 'taken', 'needing', 'circle', 'wrong'].map(
    (name) => `plan site/${name}.yaml`,
  ),
  ...['lives', 'dies'].map((name) => `host drain site/${name}.yaml a --dry-run`),
] as const;

let results: ReadonlyMap<string, CliResult>;

// One process carries out all of them: it is TypeScript loaded outside of vitest that is tested, and starting is slow.
beforeAll(() => {
  for (const name of ['site', 'site/more']) mkdirSync(join(folder, name));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const driver = `
    const { osha } = await import(${JSON.stringify(join(ROOT, 'test/cli/run-cli.ts'))});
    const results = [];
    for (const command of ${JSON.stringify(COMMANDS)}) results.push([command, await osha(process.cwd(), ...command.split(' '))]);
    console.log(JSON.stringify(results));`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      '--import',
      join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'),
      '--conditions=osha-source',
      '--input-type=module',
      '-e',
      driver,
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  results = new Map(JSON.parse(stdout) as [string, CliResult][]);
});

function resultOf(command: string): CliResult {
  const result = results.get(command);
  if (!result) throw new Error(`${command} was not run`);
  return result;
}

interface PhaseLine {
  readonly event: string;
  readonly phase: string;
  readonly hosts: readonly string[];
  readonly steps: readonly { readonly step: string }[];
}

/** The phases that a plan in JSON has. */
function phasesOf(command: string): readonly PhaseLine[] {
  const { exitCode, stdout, stderr } = resultOf(command);
  expect({ exitCode, stderr: stderr.replaceAll(/^.*: (?:advice|warning): .*\n/gm, '') }).toEqual({
    exitCode: 0,
    stderr: '',
  });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PhaseLine);
  return lines.filter(({ event }) => event === 'phase');
}

const namesOf = (command: string): readonly string[] => phasesOf(command).map(({ phase }) => phase);

describe('a playbook that the inventory names', () => {
  it('is part of a plan, after the built-in ones, with its settings', () => {
    const { exitCode, stdout } = resultOf('plan site/good.yaml');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/My motd \(motd\)[^]*My other \(other\)/);
    expect(stdout.indexOf('(base)')).toBeLessThan(stdout.indexOf('(motd)'));
  });

  it.each([
    ['--only', 'plan site/good.yaml --only motd,base --json', ['base', 'motd']],
    ['--from', 'plan site/good.yaml --from motd:write-it --json', ['motd', 'other']],
    ['--only in a deployment', 'deploy site/good.yaml --dry-run --only motd --limit b --json', ['motd']],
  ])('is chosen by %s', (_, command, names) => {
    expect(namesOf(command)).toEqual(names);
  });

  it('starts at the step that --from names, and is omitted by --skip', () => {
    const [first] = phasesOf('plan site/good.yaml --from motd:write-it --json');
    expect(first?.steps.map(({ step }) => step)).toEqual(['write-it']);
    expect(namesOf('plan site/good.yaml --skip motd --json')).toContain('other');
    expect(namesOf('plan site/good.yaml --skip motd --json')).not.toContain('motd');
  });

  it('changes only the hosts that --limit names', () => {
    expect(phasesOf('deploy site/good.yaml --dry-run --only motd --limit b --json')[0]?.hosts).toEqual(['b']);
  });

  it.each(['validate site/good.yaml', 'render site/good.yaml --out out', 'secrets list site/good.yaml'])(
    'is known to osha %s',
    (command) => {
      expect(resultOf(command)).toMatchObject({ exitCode: 0 });
    },
  );

  it('is listed by osha phases, and its settings are in the schema of that inventory', () => {
    expect(namesOf('phases site/good.yaml --json')).toEqual(
      expect.arrayContaining(['base', 'motd', 'other']),
    );
    const schema = JSON.parse(resultOf('schema site/good.yaml').stdout) as { properties: object };
    expect(schema).toMatchObject({ additionalProperties: false });
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['playbooks', 'galera', 'motd']));
  });

  it('may have settings that are not in the general schema', () => {
    const schema: unknown = JSON.parse(resultOf('schema').stdout);
    expect(schema).toMatchObject({ if: { required: ['playbooks'] }, else: { propertyNames: {} } });
    expect(schema).not.toHaveProperty('additionalProperties');
  });

  it.each([
    ['is missing', 'missing', 'missing.yaml:4:5: error: site/nowhere.ts:1:1: no such file'],
    [
      'throws',
      'throwing',
      'throwing.yaml:2:24: error: site/throwing.ts:2:7: it cannot be loaded: my own mistake',
    ],
    [
      'misspells an operation',
      'typo',
      'typo.yaml:2:13: error: site/typo.ts:9:29: steps: file.contnt is not a function',
    ],
    [
      'has the name of a built-in one',
      'taken',
      'taken.yaml:2:13: error: site/galera.ts:5:12: the name "galera" is taken',
    ],
    [
      'needs what there is not',
      'needing',
      'needing needs "galerra", but there is no such playbook; did you mean "galera"?',
    ],
    ['needs itself by way of another', 'circle', 'playbooks need each other in a cycle: one -> two -> one'],
    [
      'has a setting that is misspelt',
      'setting',
      'setting.yaml:3:9: error: unknown key "txt"; did you mean "text"?',
    ],
    ['is not in a list', 'wrong', 'wrong.yaml:2:12: error: playbooks: expected a list'],
  ])('and %s is reported at its place in the inventory', (_, name, words) => {
    const { exitCode, stdout, stderr } = resultOf(`plan site/${name}.yaml`);
    expect(stderr).toContain(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it.each([
    ['throws', 'dies', 'dies.yaml:2:13: error: site/dies.ts:11:43: life: my own mistake'],
    [
      'drains with something other than steps',
      'lives',
      'lives.yaml:2:13: error: site/lives.ts:11:58: drain: expected a list, found "nothing"',
    ],
  ])('and whose life %s is reported at its place too', (_, name, words) => {
    const { exitCode, stdout, stderr } = resultOf(`host drain site/${name}.yaml a --dry-run`);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('defect');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('and cannot be loaded hides no other mistake, and its settings are not reported as mistakes', () => {
    expect(resultOf('plan site/missing.yaml').stderr).not.toContain('unknown key');
  });

  it('is suggested for an unknown key', () => {
    expect(resultOf('plan site/unnamed.yaml').stderr).toMatch(
      /unnamed\.yaml:2:1: error: unknown key "motd"; .*playbooks: \[\.\/FILE\.ts\]/,
    );
  });
});

describe('osha run plans what the file exports and nothing else,', () => {
  it.each([
    ['where the inventory names it too', 'run site/motd.ts site/good.yaml --dry-run --json', ['motd']],
    ['where it does not', 'run site/motd.ts site/plain.yaml --dry-run --json', ['motd']],
    ['with its settings', 'run site/motd.ts site/unnamed.yaml --dry-run --json', ['motd']],
    [
      'also what only runs when it is named',
      'run site/manual.ts site/plain.yaml --dry-run --json',
      ['manual'],
    ],
    ['less what --skip names', 'run site/motd.ts site/plain.yaml --dry-run --skip motd --json', []],
  ])('%s', (_, command, names) => {
    expect(namesOf(command)).toEqual(names);
  });

  it('from the step that --from names, on the hosts that --limit names', () => {
    const command = 'run site/motd.ts site/plain.yaml --dry-run --from motd:write-it --limit c --json';
    expect(phasesOf(command)).toMatchObject([{ phase: 'motd', hosts: ['c'], steps: [{ step: 'write-it' }] }]);
  });

  it.each([
    [
      '--only names a built-in phase',
      'run site/motd.ts site/plain.yaml --dry-run --only galera',
      '--only: site/motd.ts has no phase "galera"\nhint: its phases are: motd',
    ],
    [
      'it is for no host',
      'run site/nobody.ts site/plain.yaml --dry-run',
      'site/nobody.ts selects no host of this inventory (nobody)',
    ],
    [
      'its name is a built-in one’s',
      'run site/galera.ts site/plain.yaml --dry-run',
      'site/galera.ts:5:12: error: the name "galera" is taken',
    ],
  ])('and exits with 2 where %s', (_, command, words) => {
    const { exitCode, stdout, stderr } = resultOf(command);
    expect(stderr).toContain(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});
