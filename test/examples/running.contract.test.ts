import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { osha } from '../cli/run-cli.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { parsed, readingProgram, shownIn, type Call } from './commands.ts';
import { COMPUTED } from './literals.ts';
import { documentTexts, helpTexts, inventoryTexts, programTexts, ROOT, type Text } from './texts.ts';

const folder = folderForAll();

/** Verbs that connect to nothing and change nothing but files beside the inventory. */
const HARMLESS = new Set([
  ...['ca', 'completion', 'history', 'openrc', 'phases', 'plan', 'render', 'schema', 'validate'],
  ...['secrets list', 'secrets generate'],
]);

const verbs = new Set(readingProgram().commands.map((command) => command.name()));

function runsHere(call: Call | undefined): boolean {
  if (call === undefined) return true;
  if (call.options['diff'] === true) return false;
  // A playbook of one's own is loaded by a process of osha: see the samples below.
  if (call.verb === 'run') return false;
  return HARMLESS.has(call.verb) || call.options['dryRun'] === true;
}

/** Every example that can be tried without hosts, once. */
const examples = [
  ...new Set(
    [...helpTexts(), ...documentTexts(), ...inventoryTexts(), ...programTexts()]
      .filter(({ language }: Text) => language === undefined || language === 'sh')
      .flatMap(({ text, kind }) => shownIn(text, verbs, kind === 'code' || kind === 'mention'))
      .filter((words) => !words.some((word) => word.includes(COMPUTED) || word === 'HOST'))
      .filter((words) => {
        const call = parsed(words);
        // What cannot be parsed is another test's.
        return call === undefined || (!('refused' in call) && runsHere(call));
      })
      .map((words) => JSON.stringify(words)),
  ),
].map((words) => JSON.parse(words) as readonly string[]);

/** What the reader of an example about credentials and certificates has in an inventory of their own. */
const ASKED_FOR = 'openstack: { services: [identity] }\nhaproxy: { tls: { api: {} } }\n';

beforeAll(async () => {
  cpSync(join(ROOT, 'inventory'), join(folder, 'inventory'), { recursive: true });
  // The keys that a lab would have made.
  mkdirSync(join(folder, '.lab'));
  for (const name of ['id_ed25519', 'known_hosts']) {
    writeFileSync(join(folder, '.lab', name), '', { mode: 0o600 });
  }
  // A reader's own, as the first example has it.
  for (const dir of ['.', 'prod']) {
    expect(await osha(folder, 'init', dir)).toMatchObject({ exitCode: 0, stderr: '' });
    appendFileSync(join(folder, dir, 'inventory.yaml'), ASKED_FOR);
  }
  // The key of a CA and the password of an administrator are made with the other secrets.
  for (const name of [
    'inventory',
    'prod/inventory',
    'inventory/lab-openstack',
    'inventory/three-controllers',
  ]) {
    await osha(folder, 'secrets', 'generate', `${name}.yaml`);
  }
});

/** What the reader, or the reader's shell, puts in place of a word. */
function filledIn(word: string): string {
  if (word === 'INVENTORY') return 'inventory.yaml';
  if (word === 'DIR') return 'files';
  return word.replace(/^~\//, `${folder}/`);
}

it('there are examples to try', () => {
  expect(examples.length).toBeGreaterThan(20);
});

it.each(examples.map((words) => ({ shown: words.join(' '), words })))(
  'the example "osha $shown" runs as it is printed',
  async ({ words }) => {
    const { exitCode, stderr } = await osha(folder, ...words.map(filledIn));
    expect({ exitCode, errors: /^error.*/m.exec(stderr) }).toEqual({ exitCode: 0, errors: null });
  },
);

const playbookSamples = documentTexts().filter(
  ({ language, text }) => language === 'ts' && text.includes('export default playbook('),
);

it.each(playbookSamples.map(({ at, text }) => [at, text]))(
  'the playbook in %s can be planned with',
  (_, text) => {
    writeFileSync(join(folder, 'sample.ts'), text);
    const tsx = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        tsx,
        '--conditions=osha-source',
        join(ROOT, 'src/cli/main.ts'),
        'run',
        'sample.ts',
        'inventory.yaml',
        '--dry-run',
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  },
);
