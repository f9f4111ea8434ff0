import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { deploy, type DeployRequest } from '../../src/cli/verbs/deploy.ts';
import { UserError } from '../../src/cli/errors.ts';
import type { Io } from '../../src/cli/io.ts';
import type { Host } from '../../src/inventory/types.ts';
import type { Change, ClusterOperation, Operation } from '../../src/playbook/operation.ts';
import { everyHost, playbook, token, type Playbook } from '../../src/playbook/playbook.ts';
import { step } from '../../src/playbook/step.ts';
import { listening } from '../render/output.ts';
import { FitHosts } from '../support/fit-hosts.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { oshaWith } from './run-cli.ts';

let folder: string;
let hosts: FitHosts;
beforeEach(() => {
  folder = folderForTest();
  hosts = new FitHosts();
  onTestFinished(() => hosts.remove());
  const lines = ['a', 'b', 'c'].map((name, at) => `  ${name}: { address: 192.0.2.${at + 1}, roles: [time] }`);
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `name: test\nssh: { user: root }\nhosts:\n${lines.join('\n')}\n`,
  );
});

const common = { hosts: everyHost, settings: z.strictObject({}) };

/** Something that osha made once and the inventory no longer lists; it is gone when `removed` is there. */
function leftover(name: string): Operation<string> {
  return {
    scope: 'host',
    title: name,
    probe: { script: 'ls', reads: [`file:${name}`], parse: ({ stdout }) => stdout },
    decide: (files) =>
      files.includes(`removed-${name}`)
        ? []
        : [
            {
              summary: `remove ${name}`,
              script: `touch removed-${name}`,
              touches: [`file:${name}`],
              prunes: true,
            },
          ],
  };
}

function changesNaming(word: string, files: string): readonly Change[] {
  return leftover('user-old')
    .decide(files)
    .map((change) => ({ ...change, summary: `${change.summary} of ${word}` }));
}

const prunes = playbook({
  ...common,
  name: 'mine',
  title: 'Mine',
  steps: ({ hosts: all }) => [step('Clean up', leftover('user-old'), { hosts: all.slice(0, 1) })],
});

/** A cluster of one change, whose option loses something. */
const forms = playbook({
  ...common,
  name: 'database',
  title: 'Database',
  options: {
    'bootstrap-from': {
      what: 'member',
      hosts: ({ hosts: all }) => all,
      loses: ({ name }) => `All but the data of ${name}.`,
    },
  },
  steps: ({ hosts: members }) => [step('Form it', forming(members))],
});

function forming(members: readonly Host[]): ClusterOperation<string> {
  return {
    scope: 'cluster',
    title: 'one cluster',
    members,
    probe: () => ({ script: 'ls', reads: [], parse: ({ stdout }) => stdout }),
    decide: (answers) => {
      const first = answers.get('a');
      if (first?.reachable && first.observed.includes('formed')) return { verdict: 'converged' };
      return {
        verdict: 'change',
        because: 'none is there',
        evidence: { columns: ['member', 'last transaction'], rows: members.map(({ name }) => [name, '17']) },
        stages: [[{ host: 'a', change: { summary: 'form it', script: 'touch formed', touches: [] } }]],
      };
    },
  };
}

interface Told {
  readonly exitCode: number;
  readonly shown: string;
  readonly hint: string;
  readonly asked: readonly string[];
}

let files = 0;

/** A file of the user's own that exports these very playbooks. */
function fileOf(own: readonly Playbook[]): string {
  const file = join(folder, `own-${(files += 1)}.mjs`);
  Object.assign(globalThis, { ownPlaybooks: own });
  writeFileSync(file, 'export default globalThis.ownPlaybooks;\n');
  return file;
}

/** Deploys with a terminal that answers like this, or without one. */
async function deployed(
  own: readonly Playbook[],
  answer: string | undefined,
  request: Partial<DeployRequest> = {},
): Promise<Told> {
  const stderr = listening();
  const asked: string[] = [];
  const io: Io = {
    stdout: listening(),
    stderr,
    env: {},
    cwd: folder,
    isTTY: false,
    transport: () => hosts,
    onInterrupt: () => () => undefined,
    quit: () => undefined,
    ...(answer === undefined
      ? {}
      : {
          ask: (question) => {
            asked.push(question);
            return Promise.resolve(answer);
          },
        }),
  };
  const cli = { io, command: 'osha deploy inventory.yaml', exitCode: 0 };
  const options = {
    color: false,
    forks: 5,
    timeout: 30,
    connectTimeout: 5,
    maxOutput: 1_000_000,
    mode: 'apply' as const,
    run: fileOf(own),
  };
  try {
    const exitCode = await deploy(cli, 'inventory.yaml', { ...options, ...request });
    return { exitCode, shown: stderr.text(), hint: '', asked };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { exitCode, hint = '', message } = error;
    return { exitCode, shown: `${stderr.text()}${message}`, hint, asked };
  }
}

const there = (name: string): boolean => existsSync(join(hosts.disk('a'), name));

describe('--prune', () => {
  it('shows what will be removed, and removes it after yes', async () => {
    const result = await deployed([prunes], 'yes', { prune: true });
    expect(result.shown).toContain('Will be removed:\n  a: mine: remove user-old\n');
    expect(result.asked).toEqual(['Type "yes" to continue: ']);
    expect(result.exitCode).toBe(0);
    expect(there('removed-user-old')).toBe(true);
  });

  it.each(['no', '', 'y'])('changes nothing after "%s"', async (answer) => {
    const result = await deployed([prunes], answer, { prune: true });
    expect(result.shown).toContain('not confirmed: nothing was changed');
    expect(result.exitCode).toBe(5);
    expect(there('removed-user-old')).toBe(false);
  });

  it('masks a secret in the list, and removes that resource, too', async () => {
    const book = playbook({
      ...common,
      name: 'mine',
      title: 'Mine',
      secrets: { mySecret: token('My own') },
      steps: ({ secrets, hosts: all }) => [
        step(
          'Clean up',
          {
            ...leftover('user-old'),
            decide: (files: string) => changesNaming(secrets.mySecret.reveal(), files),
          },
          { hosts: all.slice(0, 1) },
        ),
      ],
    });
    const result = await deployed([book], 'yes', { prune: true });
    expect(result.shown).toContain('a: mine: remove user-old of <secret mySecret>\n');
    expect([result.exitCode, there('removed-user-old')]).toEqual([0, true]);
  });

  it('does not ask where there is nothing to remove', async () => {
    await deployed([prunes], undefined, { prune: true, yes: true });
    expect(await deployed([prunes], 'no', { prune: true })).toMatchObject({ exitCode: 0, asked: [] });
  });

  it('removes nothing that appears only after the confirmation', async () => {
    let looks = 0;
    const late = leftover('late');
    const turningUp = { ...late, decide: (files: string) => (looks++ === 0 ? [] : late.decide(files)) };
    const book = playbook({
      ...common,
      name: 'mine',
      title: 'Mine',
      steps: ({ hosts: all }) => [
        step('Clean up', [leftover('user-old'), turningUp], { hosts: all.slice(0, 1) }),
      ],
    });
    const result = await deployed([book], 'yes', { prune: true });
    expect(result.exitCode).toBe(0);
    expect([there('removed-user-old'), there('removed-late')]).toEqual([true, false]);
  });
});

describe('an option that may lose data', () => {
  const request = { bootstrapFrom: 'b' };

  it('shows what may be lost and the evidence, and takes effect after yes', async () => {
    const result = await deployed([forms], 'YES ', request);
    expect(result.shown).toMatch(
      /May be lost: All but the data of b\.\n {2}MEMBER +LAST TRANSACTION\n {2}a +17\n/,
    );
    expect(result.exitCode).toBe(0);
    expect(there('formed')).toBe(true);
  });

  it('changes nothing after no', async () => {
    expect((await deployed([forms], 'no', request)).exitCode).toBe(5);
    expect(there('formed')).toBe(false);
  });
});

describe('without a terminal', () => {
  it.each<[string, readonly Playbook[], Partial<DeployRequest>]>([
    ['--prune', [prunes], { prune: true }],
    ['--bootstrap-from', [forms], { bootstrapFrom: 'b' }],
    ['--prune with --bootstrap-from', [prunes, forms], { prune: true, bootstrapFrom: 'b' }],
  ])('%s is refused before any host is contacted, and --yes confirms it', async (what, own, request) => {
    const refused = await deployed(own, undefined, request);
    expect(refused).toMatchObject({
      exitCode: 5,
      shown: `${what} needs confirmation, and there is no terminal to ask on`,
      hint: 'confirm with: osha deploy inventory.yaml --yes',
    });
    expect(hosts.sent).toEqual([]);
    expect((await deployed(own, undefined, { ...request, yes: true })).exitCode).toBe(0);
    expect(there(request.prune ? 'removed-user-old' : 'formed')).toBe(true);
  });

  it.each<[string, Partial<DeployRequest>]>([
    ['a plain deployment', {}],
    ['--dry-run', { prune: true, mode: 'plan' }],
    ['--diff', { prune: true, mode: 'diff' }],
  ])('%s does not ask', async (_, request) => {
    expect((await deployed([prunes], undefined, request)).exitCode).toBe(0);
    expect(there('removed-user-old')).toBe(false);
  });
});

describe('osha secrets rotate', () => {
  const secrets = (): string => readFileSync(join(folder, 'secrets.yaml'), 'utf8');
  const rotate = (ask: Io['ask'], ...more: readonly string[]): ReturnType<typeof oshaWith> =>
    oshaWith({ cwd: folder, ...(ask ? { ask } : {}) }, 'secrets', 'rotate', 'inventory.yaml', ...more);

  it('lists the secrets to replace, and asks for confirmation', async () => {
    writeFileSync(
      join(folder, 'inventory.yaml'),
      'name: test\nhosts:\n  a: { address: 192.0.2.1, roles: [messaging] }\n',
    );
    await oshaWith({ cwd: folder }, 'secrets', 'generate', 'inventory.yaml');
    const before = secrets();
    const refused = await rotate(undefined, 'erlangCookie');
    expect(refused).toMatchObject({
      exitCode: 5,
      stderr:
        'error: secrets rotate needs confirmation, and there is no terminal to ask on\n' +
        'hint: confirm with: osha secrets rotate inventory.yaml erlangCookie --yes\n',
    });
    const no = await rotate(() => Promise.resolve('no'), 'erlangCookie');
    expect(no.exitCode).toBe(5);
    expect(no.stderr).toContain(
      'Will be replaced here, and on the hosts by the next deployment:\n  erlangCookie: ',
    );
    expect(secrets()).toBe(before);
    expect((await rotate(() => Promise.resolve('yes'), 'erlangCookie')).exitCode).toBe(0);
    expect(secrets()).not.toBe(before);
  });

  it('reports an unknown secret before it asks for confirmation', async () => {
    const { exitCode, stderr } = await rotate(undefined, 'nothing');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('nothing');
  });
});
