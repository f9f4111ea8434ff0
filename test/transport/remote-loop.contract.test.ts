import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootCommand, remoteLoop } from '../../src/transport/remote-loop.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { becomes } from './processes.ts';

const MARK = 'osha-0123456789abcdef';
const folder = folderForAll();

interface Loop {
  readonly child: ChildProcessWithoutNullStreams;
  readonly said: () => string;
  readonly ended: Promise<unknown>;
}

function startLoop(quietSeconds: number): Loop {
  const program = remoteLoop({ mark: MARK, quietSeconds });
  const child = spawn('sh', ['-c', `exec ${bootCommand(Buffer.byteLength(program))}`]);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stdin.write(program);
  return { child, said: () => said, ended };
}

describe('the remote loop', () => {
  it('does not run a truncated script', async () => {
    const trace = join(folder, 'trace');
    const script = `touch ${trace}\n`;
    const loop = startLoop(0);
    loop.child.stdin.write(`run 1 ${script.length + 20} 0\n${script}`);
    expect(await becomes(() => loop.said().includes('ready'))).toBe(true);
    loop.child.stdin.end();
    await loop.ended;
    expect(existsSync(trace)).toBe(false);
    expect(loop.said()).not.toContain('begin');
  });

  it('does not run a script that ends without its "go"', async () => {
    const trace = join(folder, 'trace');
    const script = `touch ${trace}\n`;
    const loop = startLoop(0);
    loop.child.stdin.end(`run 1 ${script.length} 0\n${script}`);
    await loop.ended;
    expect(existsSync(trace)).toBe(false);
  });

  it('runs as long as heartbeats arrive, and ends itself without them, even in the middle of an upload', async () => {
    const loop = startLoop(1);
    const beats = setInterval(() => loop.child.stdin.write('beat\n'), 300);
    const ended = loop.ended.then(() => true);
    const after = (ms: number): Promise<false> =>
      new Promise((resolve) => setTimeout(() => resolve(false), ms));
    expect(await Promise.race([ended, after(2500)])).toBe(false);
    clearInterval(beats);
    loop.child.stdin.write('run 1 1000000 0\nonly a little of it');
    expect(await Promise.race([ended, after(6000)])).toBe(true);
    expect(loop.said()).not.toContain('begin');
    loop.child.stdin.destroy();
  });

  it('cleans up even if it is killed', async () => {
    const before = readdirSync('/run').filter((name) => name.startsWith('osha.'));
    const loop = startLoop(1);
    const script = 'sleep 306';
    loop.child.stdin.write(`run 1 ${script.length} 0\n${script}go\n`);
    expect(await becomes(() => loop.said().includes('begin 1'))).toBe(true);
    loop.child.kill('SIGKILL');
    const left = (): readonly string[] =>
      readdirSync('/run').filter(
        (name) => name.startsWith('osha.') && name !== 'osha.lock' && !before.includes(name),
      );
    expect(await becomes(() => left().length === 0, 8000)).toBe(true);
    const { commandLines } = await import('./processes.ts');
    expect(commandLines(/^sleep 306$/)).toEqual([]);
  });
});
