import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { everyHost, playbook, token } from '../../src/playbook/playbook.ts';
import type { Transport } from '../../src/transport/session.ts';
import { ConnectError } from '../../src/transport/errors.ts';
import { createLocalTransport } from '../transport/local.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { oshaWith, type CliResult } from './run-cli.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
  const hosts = ['a', 'b', 'c'].map(
    (name, index) => `  ${name}: { address: 192.0.2.${index + 1}, roles: [controller] }`,
  );
  writeFileSync(
    join(folder, 'inventory.yaml'),
    `name: test\nssh: { user: root }\nhosts:\n${hosts.join('\n')}\nvips:\n  api: { address: 192.0.2.20/24, interface: eth0 }\nhaproxy: { internal_vip: api }\n`,
  );
});

/** This machine plays every host; those in `away` are unreachable. */
function here(
  away: readonly string[] = [],
  onConnect: (host: string) => void = () => undefined,
): (limits: { readonly maxOutputBytes?: number }) => Transport {
  return (limits) => {
    const local = createLocalTransport(limits);
    return {
      connect: async (host, options) => {
        onConnect(host.name);
        if (away.includes(host.name))
          throw new ConnectError('unreachable', 'nothing answers on port 22', 'is it up?');
        return local.connect(host, options);
      },
      close: () => local.close(),
    };
  };
}

const run = (away: readonly string[], ...args: readonly string[]): Promise<CliResult> =>
  oshaWith({ cwd: folder, transport: here(away) }, ...args);
const jsonLines = (text: string): readonly Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('osha exec', () => {
  it('runs a line of shell on all hosts and prefixes each line with its host', async () => {
    const { exitCode, stdout, stderr } = await run(
      [],
      'exec',
      'inventory.yaml',
      '--',
      'echo one; echo two >&2',
    );
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual(['a | one', 'b | one', 'c | one']);
    expect(stderr.trimEnd().split('\n').toSorted()).toEqual(['a | two', 'b | two', 'c | two']);
  });

  it('passes several words literally', async () => {
    const { stdout } = await run([], 'exec', 'inventory.yaml', '--on', 'a', '--', 'echo', 'a  b', '$HOME');
    expect(stdout).toBe('a | a  b $HOME\n');
  });

  it('exits with 1 where the command fails, and names the host', async () => {
    const { exitCode, stderr } = await run([], 'exec', 'inventory.yaml', '--on', 'a,b', '--', 'exit 7');
    expect(exitCode).toBe(1);
    expect(stderr).toBe('a: exited with 7\nb: exited with 7\n');
  });

  it('exits with 4 where a host is unreachable, after the others have finished', async () => {
    const { exitCode, stdout } = await run(['b'], 'exec', 'inventory.yaml', '--json', '--', 'echo hi');
    expect(exitCode).toBe(4);
    const lines = jsonLines(stdout);
    expect(lines.filter((line) => line['stdout'] === 'hi\n').map((line) => line['host'])).toEqual(
      expect.arrayContaining(['a', 'c']),
    );
    expect(lines.at(-1)).toMatchObject({ event: 'summary', ok: 2, failed: 0, unreachable: 1 });
  });

  it('limits the output to --max-output, and reports how much was cut', async () => {
    const flood = ['exec', 'inventory.yaml', '--on', 'a', '--max-output', '10K'];
    const command = ['--', 'yes | head -c 1000000'];
    const { exitCode, stdout } = await run([], ...flood, ...command);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('a | [osha: 902.6 KiB cut here; --max-output keeps more]\n');
    const [result] = jsonLines((await run([], ...flood, '--json', ...command)).stdout);
    expect(result).toMatchObject({ event: 'result', exitCode: 0, cutBytes: 924_226 });
    expect(String(result?.['stdout']).length).toBeLessThan(80_000);
  });

  it('contacts only the hosts that --on names', async () => {
    const { exitCode, stderr } = await run([], 'exec', 'inventory.yaml', '--on', 'nobody', '--', 'true');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"nobody" is neither a host of this inventory nor a role');
  });
});

describe('osha ok-to-stop', () => {
  const all = ['a', 'b', 'c'];

  it('refuses where nothing is known about the other hosts, and says why', async () => {
    const { exitCode, stdout } = await run(all, 'ok-to-stop', 'inventory.yaml', 'a');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/MariaDB Galera +unknown +no member is in a Primary component, of those that/);
    expect(stdout).toMatch(/memcached +NEEDED +healthy on no other host \(b: nothing answers on port 22/);
    expect(stdout).toMatch(/not ok to stop: a \(.*galera, rabbitmq, memcached, etcd/);
  });

  it('prints a line of JSON for each system, and the answer last', async () => {
    const { exitCode, stdout } = await run(all, 'ok-to-stop', 'inventory.yaml', 'a', '--json');
    const lines = jsonLines(stdout);
    expect(exitCode).toBe(5);
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'spare', host: 'a', system: 'etcd', verdict: 'unknown' }),
    );
    expect(lines.at(-1)).toEqual({ event: 'ok-to-stop', host: 'a', ok: false });
  });

  it('does not know a host that the inventory does not list', async () => {
    const { exitCode, stderr } = await run([], 'ok-to-stop', 'inventory.yaml', 'd');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('inventory.yaml has no host "d"');
  });
});

describe('osha recover', () => {
  const all = ['a', 'b', 'c'];

  it('asks before it changes anything: without a terminal it names the option', async () => {
    const { exitCode, stderr } = await run([], 'recover', 'inventory.yaml');
    expect(exitCode).toBe(5);
    expect(stderr).toContain('recover needs confirmation, and there is no terminal to ask on');
    expect(stderr).toContain('hint: confirm with: osha recover inventory.yaml --yes');
  });

  it('only shows what it would do with --diff', async () => {
    const { exitCode, stdout } = await run(all, 'recover', 'inventory.yaml', 'galera', '--diff');
    expect(exitCode).toBe(4);
    expect(stdout).toContain('nothing answers on port 22');
  });

  it('does not know a system that the inventory lacks, or that has nothing to recover', async () => {
    const unknown = await run([], 'recover', 'inventory.yaml', 'mysql', '--diff');
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('this inventory has no phase "mysql"');
    const idle = await run([], 'recover', 'inventory.yaml', 'logging', '--diff');
    expect(idle.exitCode).toBe(2);
    expect(idle.stderr).toContain('hint: deploy instead: osha deploy inventory.yaml --only logging');
  });
});

describe('where no host answers,', () => {
  const away = ['a', 'b', 'c'];

  it.each([
    ['deploy', 'inventory.yaml'],
    ['recover', 'inventory.yaml', '--yes'],
    ['plan', 'inventory.yaml', '--diff'],
    ['status', 'inventory.yaml'],
    ['check', 'inventory.yaml'],
  ])('osha %s %s %s exits with 4, a reason and a hint', async (...args) => {
    const { exitCode, stdout } = await run(away, ...args.filter((word) => word !== undefined));
    expect(exitCode).toBe(4);
    expect(stdout).toContain('nothing answers on port 22');
    expect(stdout).toContain('hint: is it up?');
  });

  it('the last line of --json is the summary', async () => {
    for (const verb of ['deploy', 'status', 'check']) {
      const { stdout } = await run(away, verb, 'inventory.yaml', '--json');
      expect(jsonLines(stdout).at(-1)).toMatchObject({
        event: 'summary',
        changes: 0,
        unreachable: 3,
        hosts: { b: { unreachable: true } },
      });
    }
  });

  const asked = async (
    ...args: readonly string[]
  ): Promise<CliResult & { readonly hosts: readonly string[] }> => {
    const hosts: string[] = [];
    const transport = here(away, (name) => void hosts.push(name));
    const result = await oshaWith({ cwd: folder, transport }, ...args);
    return { ...result, hosts: hosts.toSorted() };
  };

  it.each([
    ['status', ['a', 'c']],
    ['check', ['a', 'c']],
  ])('osha %s checks only the hosts that --limit names', async (verb, hosts) => {
    const result = await asked(verb, 'inventory.yaml', '--limit', 'a,c');
    expect(result).toMatchObject({ exitCode: 4, hosts });
    expect(result.stdout).not.toMatch(/unreachable b/);
  });

  it('osha check checks only the hosts of the phases that --only names', async () => {
    const timeOnly = await asked('check', 'inventory.yaml', '--only', 'time', '--limit', 'b');
    expect(timeOnly).toMatchObject({ exitCode: 4, hosts: ['b'] });
    const unknown = await asked('check', 'inventory.yaml', '--only', 'tyme');
    expect(unknown).toMatchObject({ exitCode: 2, hosts: [] });
  });

  it.each(['status', 'check'])(
    'osha %s rejects a step in --from, because it checks whole phases',
    async (verb) => {
      const { exitCode, stderr, hosts } = await asked(
        verb,
        'inventory.yaml',
        '--from',
        'time:install-chrony',
      );
      expect({ exitCode, hosts }).toEqual({ exitCode: 2, hosts: [] });
      expect(stderr).toContain('name only the phase: --from time');
    },
  );

  it('osha status and osha check report nothing about systems as a whole', async () => {
    for (const verb of ['status', 'check']) {
      const { stdout } = await run(away, verb, 'inventory.yaml', '--json');
      const findings = jsonLines(stdout)
        .filter(({ event }) => event === 'health')
        .flatMap((system) => system['findings'] as readonly Record<string, unknown>[])
        .filter(({ host }) => host === undefined);
      expect(findings.length).toBeGreaterThan(0);
      for (const finding of findings) {
        expect(finding).toMatchObject({ unknown: true, evidence: 'unknown: no host answered' });
      }
    }
  });

  it('a deployment is recorded and can be shown, a comparison is not recorded', async () => {
    await run(away, 'plan', 'inventory.yaml', '--diff');
    expect(existsSync(join(folder, '.osha'))).toBe(false);
    const { stdout } = await run(away, 'deploy', 'inventory.yaml');
    expect(stdout).toMatch(/\nlog: .*\.osha\/runs\/.*\/events\.jsonl\n$/);
    const history = await run([], 'history', '--json');
    expect(jsonLines(history.stdout)).toMatchObject([
      { event: 'run', state: 'unreachable', command: 'osha deploy inventory.yaml' },
    ]);
    expect((await run([], 'history')).stdout).toMatch(/unreachable .* osha deploy inventory\.yaml\n$/);
    const shown = await run([], 'show', 'last');
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toContain('unreachable a, b, c: nothing answers on port 22');
  });

  it('a deployment whose record fails half way continues, warns once, and reports it at the end', async () => {
    const lose = (): void => rmSync(join(folder, '.osha'), { recursive: true, force: true });
    const deploying = (...options: readonly string[]): Promise<CliResult> =>
      oshaWith({ cwd: folder, transport: here(away, lose) }, 'deploy', 'inventory.yaml', ...options);
    const json = await deploying('--json');
    expect(json.exitCode).toBe(4);
    const lines = jsonLines(json.stdout);
    const unrecorded = lines.filter((line) => /no longer recorded/.test(String(line['message'])));
    expect(unrecorded).toMatchObject([
      { event: 'warning', message: expect.stringMatching(/events\.jsonl: no such file/) as string },
    ]);
    expect(lines.at(-1)).toMatchObject({ event: 'summary', unrecorded: 'no such file or directory' });
    const plain = await deploying();
    expect(plain.stdout).toMatch(/\nlog: .*events\.jsonl, incomplete: no such file or directory\n$/);
  });

  it('a deployment that cannot be recorded exits with 5 before it connects to a host', async () => {
    writeFileSync(join(folder, '.osha'), '');
    const { exitCode, stdout, stderr } = await run(away, 'deploy', 'inventory.yaml');
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr).toMatch(
      /error: cannot record the run in .*\/\.osha\/runs: not a directory\nhint: .*ls -ld /,
    );
  });

  it('a deployment generates no secrets, because hosts may already have them', async () => {
    const { exitCode, stderr } = await run(away, 'deploy', 'inventory.yaml');
    expect(exitCode).toBe(4);
    expect(stderr).not.toContain('generated');
    expect(existsSync(join(folder, 'secrets.yaml'))).toBe(false);
  });
});

it('osha status masks a secret in a finding', async () => {
  const mine = playbook({
    name: 'mine',
    title: 'Mine',
    hosts: everyHost,
    settings: z.strictObject({}),
    secrets: { mySecret: token('My own') },
    steps: () => [],
    health: ({ hosts, secrets }) => [
      {
        scope: 'health',
        title: 'Mine',
        members: hosts,
        probe: () => ({ script: 'echo yes', reads: [], parse: ({ stdout }) => stdout }),
        judge: () => [{ subject: 'word', healthy: true, evidence: `it is ${secrets.mySecret.reveal()}` }],
      },
    ],
  });
  Object.assign(globalThis, { ownPlaybooks: [mine] });
  writeFileSync(join(folder, 'mine.mjs'), 'export default globalThis.ownPlaybooks;\n');
  writeFileSync(
    join(folder, 'inventory.yaml'),
    'name: test\nplaybooks: [./mine.mjs]\nhosts: { a: { address: 192.0.2.1, roles: [time] } }\n',
  );
  for (const format of ['--plain', '--json']) {
    const { exitCode, stdout } = await run([], 'status', 'inventory.yaml', '--only', 'mine', format);
    expect(stdout).toContain('it is <secret mySecret>');
    expect(exitCode).toBe(0);
  }
});
