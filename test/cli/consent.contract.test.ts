import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { folderForTest } from '../support/temporary-folder.ts';
import { osha } from './run-cli.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TSX = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
const OSHA = `node --import ${TSX} --conditions=osha-source ${join(ROOT, 'src/cli/main.ts')}`;

let folder: string;
beforeEach(async () => {
  folder = folderForTest();
  writeFileSync(
    join(folder, 'inventory.yaml'),
    'name: test\nhosts:\n  a: { address: 192.0.2.1, roles: [messaging] }\n',
  );
  await osha(folder, 'secrets', 'generate', 'inventory.yaml');
});

it.each([
  ['yes', 'yes\r', 0, true],
  ['no', 'no\r', 5, false],
  ['Ctrl-D', '\u0004', 5, false],
  ['Ctrl-C', '\u0003', 130, false],
])(
  'on a terminal, %s answers the question',
  async (_, typed, code, isReplaced) => {
    const secrets = (): string => readFileSync(join(folder, 'secrets.yaml'), 'utf8');
    const before = secrets();
    const words = `${OSHA} secrets rotate inventory.yaml erlangCookie; echo code $? >code`;
    const child = spawn('script', ['-q', '-c', words, '/dev/null'], { cwd: folder });
    let screen = '';
    let isAsked = false;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      screen += chunk;
      if (isAsked || !screen.includes('to continue: ')) return;
      isAsked = true;
      child.stdin.write(typed);
    });
    await new Promise((ended) => child.on('close', ended));
    expect(screen).toContain('Will be replaced here');
    expect(readFileSync(join(folder, 'code'), 'utf8'), screen).toBe(`code ${code}\n`);
    expect(secrets() !== before).toBe(isReplaced);
  },
  180_000,
);
