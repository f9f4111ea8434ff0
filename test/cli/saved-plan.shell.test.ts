import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Operation } from '../../src/playbook/operation.ts';
import { everyHost, playbook, type Playbook } from '../../src/playbook/playbook.ts';
import { step } from '../../src/playbook/step.ts';
import { FitHosts } from '../support/fit-hosts.ts';
import { written } from '../support/operations.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { oshaWith, type CliResult } from './run-cli.ts';

let folder: string;
let hosts: FitHosts;
beforeEach(() => {
  folder = folderForTest();
  hosts = new FitHosts();
  onTestFinished(() => hosts.remove());
  writeInventory();
});

function writeInventory(more = ''): void {
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `name: test\nssh: { user: root }\nplaybooks: [./mine.mjs]\nhosts:\n  a: { address: 192.0.2.1, roles: [time] }\n  b: { address: 192.0.2.2, roles: [time] }\n${more}`,
  );
}

function own(steps: Playbook['steps']): void {
  const mine = playbook({
    name: 'mine',
    title: 'Mine',
    hosts: everyHost,
    settings: z.strictObject({}),
    steps,
  });
  Object.assign(globalThis, { ownPlaybooks: [mine] });
  writeFileSync(join(folder, 'mine.mjs'), 'export default globalThis.ownPlaybooks;\n');
}

const run = (...args: readonly string[]): Promise<CliResult> =>
  oshaWith({ cwd: folder, transport: () => hosts }, ...args);
const plan = (): Promise<CliResult> => run('plan', 'inventory.yaml', '--only', 'mine', '--out', 'plan.json');
const carryOut = (): Promise<CliResult> => run('deploy', 'inventory.yaml', '--plan', 'plan.json');

function put(host: string, path: string, content: string): void {
  mkdirSync(hosts.disk(host), { recursive: true });
  writeFileSync(join(hosts.disk(host), path), content);
}

const has = (host: string, path: string): boolean => existsSync(join(hosts.disk(host), path));

describe('a saved plan', () => {
  beforeEach(() =>
    own(() => [step('Write a', written('a', 'A')), step('Write b', written('b', 'B', ['file:a']))]),
  );

  it('is carried out as it was announced, with what may follow, and once only', async () => {
    const saved = await plan();
    expect(saved.exitCode, saved.stderr).toBe(0);
    expect(saved.stderr).toContain('saved; carry it out with: osha deploy');
    expect(has('a', 'a')).toBe(false);
    const done = await carryOut();
    expect(done.exitCode, done.stderr + done.stdout).toBe(0);
    expect([has('a', 'a'), has('b', 'a'), has('a', 'b'), has('b', 'b')]).toEqual([true, true, true, true]);
    const again = await carryOut();
    expect(again.exitCode).toBe(5);
    expect(again.stderr).toContain('no longer pending: a: mine: write a');
  });

  it('is refused after a change on any host, which it names, and nothing is changed', async () => {
    await plan();
    put('b', 'a', 'A');
    const { exitCode, stderr } = await carryOut();
    expect(exitCode).toBe(5);
    expect(stderr).toContain('no longer pending: b: mine: write a');
    expect(stderr).toContain('hint: make it again: osha plan ');
    expect(has('a', 'a')).toBe(false);
  });

  it('is refused where something is pending that it does not have', async () => {
    put('a', 'a', 'A');
    put('a', 'b', 'B');
    await plan();
    put('a', 'b', 'drift');
    const { exitCode, stderr } = await carryOut();
    expect(exitCode).toBe(5);
    expect(stderr).toContain('not in the plan: a: mine: write b');
    expect(has('b', 'a')).toBe(false);
  });

  it('is refused with another version of the inventory', async () => {
    await plan();
    writeInventory('# edited\n');
    const { exitCode, stderr } = await carryOut();
    expect(exitCode).toBe(5);
    expect(stderr).toContain('was made from another version of');
  });

  it('is refused by another version of osha', async () => {
    await plan();
    const file = join(folder, 'plan.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"osha": "[^"]*"/, '"osha": "0.0.1"'));
    const { exitCode, stderr } = await carryOut();
    expect(exitCode).toBe(5);
    expect(stderr).toContain('was made by osha 0.0.1');
  });

  it.each([
    ['not JSON', 'hello'],
    ['another file', '{ "name": "test" }'],
  ])('that is %s is a mistake', async (_, text) => {
    writeFileSync(join(folder, 'plan.json'), text);
    const { exitCode, stderr } = await carryOut();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('plan.json is not a plan of osha');
  });

  it('is not written while a host is unreachable', async () => {
    hosts.takeDown('b');
    const { exitCode, stderr } = await plan();
    expect(exitCode).toBe(4);
    expect(stderr).toContain('the plan is incomplete, so plan.json was not written');
    expect(has('..', 'plan.json')).toBe(false);
  });

  it('has its own selection: another one is a mistake', async () => {
    await plan();
    const { exitCode, stderr } = await run('deploy', 'inventory.yaml', '--plan', 'plan.json', '--limit', 'a');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("option '--plan <file>' cannot be used with option '--limit");
  });
});

it('a change that nobody announced is refused in its step while a saved plan is carried out', async () => {
  const careless: Operation<string> = {
    ...written('a', 'A'),
    // It removes b without declaring that it touches b, so the survey foresees no consequence.
    decide: (now) =>
      now === 'A' ? [] : [{ summary: 'write a', script: 'rm b; printf A >a', touches: ['file:a'] }],
  };
  own(() => [step('Write a', careless), step('Write b', written('b', 'B', ['file:c']))]);
  put('a', 'b', 'B');
  put('b', 'b', 'B');
  await plan();
  const { exitCode, stdout } = await carryOut();
  expect(exitCode, stdout).toBe(5);
  expect(stdout).toContain('not in the saved plan: write b');
  expect(has('a', 'b')).toBe(false);
});
