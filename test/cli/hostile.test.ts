import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/cli.ts';
import { GuardedOutput } from '../../src/render/output.ts';
import { ConnectError } from '../../src/transport/errors.ts';
import { createFakeTransport } from '../transport/fake.ts';
import type { Transport } from '../../src/transport/session.ts';
import { ALL_HOSTILE, LIVE } from '../support/hostile.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { oshaWith } from './run-cli.ts';

/** As a file name: no slash and no NUL. */
const NAME = ALL_HOSTILE.replaceAll('\u0000', '').replaceAll('/', '');
const RUN = '20261121-142233-ab12';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
  const hosts = ['a', 'b'].map(
    (name, at) => `  ${name}: { address: 192.0.2.${at + 1}, roles: [controller] }`,
  );
  const valid = `name: test\nssh: { user: root }\nhosts:\n${hosts.join('\n')}\nvips:\n  api: { address: 192.0.2.20/24, interface: eth0 }\n`;
  writeFileSync(join(folder, 'inventory.yaml'), valid);
  writeFileSync(
    join(folder, 'words.yaml'),
    `${JSON.stringify(ALL_HOSTILE)}: ${JSON.stringify(ALL_HOSTILE)}\n${valid}`,
  );
  writeFileSync(join(folder, 'bad.ts'), `throw new Error(${JSON.stringify(ALL_HOSTILE)});`);
  const record = join(folder, '.osha', 'runs', RUN);
  mkdirSync(record, { recursive: true });
  const meta = {
    startedAt: ALL_HOSTILE,
    command: ALL_HOSTILE,
    user: ALL_HOSTILE,
    machine: ALL_HOSTILE,
    version: ALL_HOSTILE,
  };
  writeFileSync(
    join(record, 'meta.json'),
    JSON.stringify({ id: RUN, pid: 1, inventory: ALL_HOSTILE, ...meta }),
  );
  const events = [
    { event: 'rejected', host: ALL_HOSTILE, message: ALL_HOSTILE },
    { event: 'output', phase: 'p', step: 's', host: ALL_HOSTILE, stream: 'stdout', line: ALL_HOSTILE },
  ];
  writeFileSync(
    join(record, 'events.jsonl'),
    events.map((event) => `${JSON.stringify({ time: ALL_HOSTILE, ...event })}\n`).join(''),
  );
});

const refusing = (): Transport => ({
  connect: () => Promise.reject(new ConnectError('unreachable', ALL_HOSTILE, ALL_HOSTILE)),
  close: () => Promise.resolve(),
});
const chatty = (): Transport =>
  createFakeTransport({ answer: () => ({ stdout: ALL_HOSTILE, stderr: ALL_HOSTILE, exitCode: 1 }) });

/** By verb: what is called with something hostile in its arguments, in a file, in a record or from a host. */
const CALLS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  init: [['.'], [NAME]],
  validate: [['words.yaml'], [NAME]],
  plan: [['words.yaml'], ['inventory.yaml', '--only', NAME], ['inventory.yaml', '--diff']],
  check: [['inventory.yaml'], ['words.yaml']],
  deploy: [
    ['inventory.yaml'],
    ['inventory.yaml', '-v'],
    ['inventory.yaml', '--limit', NAME],
    ['inventory.yaml', '--plan', NAME],
  ],
  status: [['inventory.yaml'], ['words.yaml']],
  recover: [['inventory.yaml', '--yes'], ['inventory.yaml', NAME, '--diff'], ['words.yaml']],
  'ok-to-stop': [
    ['inventory.yaml', 'a'],
    ['inventory.yaml', NAME],
    ['words.yaml', 'a'],
  ],
  host: [
    ['drain', 'inventory.yaml', 'a'],
    ['drain', 'inventory.yaml', NAME],
    ['undrain', 'inventory.yaml', 'a'],
    ['undrain', 'words.yaml', 'a'],
    ['add', 'inventory.yaml', 'a'],
    ['add', 'inventory.yaml', NAME],
    ['remove', 'inventory.yaml', 'a', '--yes'],
    ['remove', 'inventory.yaml', 'a', '--yes', '--dead'],
    ['remove', 'inventory.yaml', NAME, '--yes'],
    ['replace', 'inventory.yaml', 'a', 'b', '--yes'],
    ['replace', 'inventory.yaml', 'a', 'b', '--yes', '--dead'],
    ['replace', 'inventory.yaml', NAME, NAME],
    [NAME, 'inventory.yaml', 'a'],
  ],
  restart: [
    ['inventory.yaml', 'galera'],
    ['inventory.yaml', NAME],
    ['words.yaml', 'galera', '--dry-run'],
  ],
  upgrade: [['inventory.yaml'], ['inventory.yaml', NAME], ['words.yaml', 'galera', '--diff']],
  backup: [
    ['inventory.yaml'],
    ['inventory.yaml', '--from', NAME],
    ['inventory.yaml', '--recipient', NAME],
    ['words.yaml'],
  ],
  restore: [
    ['inventory.yaml', 'words.yaml'],
    ['inventory.yaml', NAME],
    ['words.yaml', NAME],
  ],
  drill: [
    ['inventory.yaml', '--kill', 'a', '--yes'],
    ['inventory.yaml', '--kill', NAME, '--yes'],
    ['words.yaml', '--kill', 'a', '--yes'],
    ['inventory.yaml', '--kill', 'a', '--yes', '--stop-command', `exit 1 # ${NAME}`],
  ],
  smoke: [['inventory.yaml'], [NAME]],
  openrc: [['inventory.yaml'], [NAME]],
  run: [
    ['bad.ts', 'inventory.yaml'],
    [NAME, 'inventory.yaml'],
  ],
  exec: [
    ['inventory.yaml', '--', 'true'],
    ['inventory.yaml', '--on', NAME, '--', 'true'],
  ],
  render: [
    ['inventory.yaml', '--out', NAME],
    ['words.yaml', '--out', 'x'],
  ],
  history: [[], [NAME]],
  show: [['last'], ['last', '-v'], [NAME], ['last', '--html', NAME]],
  phases: [[NAME]],
  schema: [[NAME]],
  secrets: [
    ['list', 'words.yaml'],
    ['adopt', 'inventory.yaml'],
    ['rotate', 'inventory.yaml', NAME],
  ],
  ca: [['inventory.yaml'], [NAME]],
  completion: [[NAME]],
  [NAME]: [[]],
};

it('every verb is tried', () => {
  const io = {
    stdout: new GuardedOutput({ write: () => undefined }),
    stderr: new GuardedOutput({ write: () => undefined }),
    env: {},
    cwd: '/',
    isTTY: false,
    onInterrupt: () => () => undefined,
    quit: () => undefined,
  };
  const verbs = createProgram({ io, command: '', exitCode: 0 }).commands.map((command) => command.name());
  expect(Object.keys(CALLS)).toEqual(expect.arrayContaining(verbs));
});

describe.each([
  ['hosts whose refusals are hostile', refusing],
  ['hosts whose answers are hostile', chatty],
])('with %s', (_, transport) => {
  describe.each(['--plain', '--json'])('and %s', (mode) => {
    const cases = Object.entries(CALLS).flatMap(([verb, calls]) =>
      calls.map((call) => [verb, call] as const),
    );
    it.each(cases)('osha %j %j prints nothing that a terminal would obey', async (verb, call) => {
      const at = call.indexOf('--');
      const words = at < 0 ? [...call, mode] : [...call.slice(0, at), mode, ...call.slice(at)];
      const { stdout, stderr } = await oshaWith({ cwd: folder, transport }, verb, ...words);
      expect(stdout + stderr).not.toMatch(LIVE);
      if (mode === '--json' && stdout.startsWith('{')) {
        for (const line of stdout.trimEnd().split('\n'))
          expect(() => JSON.parse(line) as unknown).not.toThrow();
      }
    });
  });
});
