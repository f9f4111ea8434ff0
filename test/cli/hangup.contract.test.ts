import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderForAll } from '../support/temporary-folder.ts';
import { becomes, commandLines } from '../transport/processes.ts';
import { startSshd, type Sshd } from '../transport/sshd.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TSX = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs');
const OSHA = `node --import ${TSX} --conditions=osha-source ${join(ROOT, 'src/cli/main.ts')}`;

const folder = folderForAll();
let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd?.stop());

/** A change that runs until it is ended, and notes how it was. */
const playbookIn = (place: string): string => `
  import { everyHost, playbook, step } from 'osha';
  import { z } from 'zod';
  const long = {
    scope: 'host', title: 'long',
    probe: { script: 'cat ${place}/done 2>/dev/null || :', reads: ['file:${place}/done'], parse: ({ stdout }) => stdout },
    decide: (now) => now !== '' ? [] : [{
      summary: 'take long', touches: ['file:${place}/done'],
      script: "trap 'echo told >${place}/told; exit 143' TERM; echo yes >${place}/begun; while :; do echo on; sleep 0.05; done",
    }],
  };
  export default playbook({
    name: 'mine', title: 'Mine', hosts: everyHost, settings: z.strictObject({}),
    steps: () => [step('Take long', long)],
  });`;

/** A folder with an inventory of one host, this one, and the playbook. */
function aDeployment(name: string): string {
  const place = join(folder, name);
  mkdirSync(place);
  const { port, identity, knownHosts } = sshd;
  writeFileSync(
    join(place, 'inventory.yaml'),
    `name: test
ssh: { user: root, port: ${port}, identity: ${identity}, known_hosts: ${knownHosts}, config: false }
hosts:
  here: { address: 127.0.0.1, roles: [controller] }
vips:
  api: { address: 192.0.2.20/24, interface: lo }
`,
  );
  writeFileSync(join(place, 'mine.ts'), playbookIn(place));
  return place;
}

interface Ended {
  readonly exitCode: string;
  readonly summary: Record<string, unknown> | undefined;
}

/** Starts a run on a terminal of its own (util-linux' script) or without one, and does `end` in the middle of its change. */
async function during(
  place: string,
  terminal: boolean,
  end: (pids: { terminal: number; osha: number }) => void,
): Promise<Ended> {
  // Whoever waits for osha here must not die of the same hangup; Node.js does not inherit that.
  const command = `trap '' HUP; ${OSHA} run mine.ts inventory.yaml --connect-timeout 60 & echo $! >pid; wait $!; echo $? >code`;
  const child = terminal
    ? spawn('script', ['-q', '-c', command, '/dev/null'], { cwd: place, stdio: ['pipe', 'ignore', 'ignore'] })
    : spawn('sh', ['-c', command], { cwd: place, stdio: 'ignore' });
  expect(await becomes(() => existsSync(join(place, 'begun')), 50_000)).toBe(true);
  end({ terminal: child.pid ?? 0, osha: Number(readFileSync(join(place, 'pid'), 'utf8')) });
  expect(await becomes(() => existsSync(join(place, 'code')), 30_000)).toBe(true);
  const runs = join(place, '.osha/runs');
  const [run = ''] = readdirSync(runs);
  const summary = join(runs, run, 'summary.json');
  return {
    exitCode: readFileSync(join(place, 'code'), 'utf8').trim(),
    summary: existsSync(summary)
      ? (JSON.parse(readFileSync(summary, 'utf8')) as Record<string, unknown>)
      : undefined,
  };
}

describe('a run in the middle of a change', () => {
  it.each([
    ['whose terminal is closed', true, 'SIGKILL'],
    ['that gets a SIGHUP', false, 'SIGHUP'],
    ['that gets a SIGTERM', false, 'SIGTERM'],
  ] as const)('%s ends in an orderly way, with a summary', async (what, terminal, signal) => {
    const place = aDeployment(what.replaceAll(' ', '-'));
    const { exitCode, summary } = await during(place, terminal, (pids) => {
      process.kill(terminal ? pids.terminal : pids.osha, signal);
      // A closed terminal says so again when its shell ends.
      if (signal === 'SIGHUP') setTimeout(() => process.kill(pids.osha, signal), 50);
    });
    expect(exitCode).toBe('130');
    expect(summary).toMatchObject({ interrupted: true });
    expect(existsSync(join(place, 'told'))).toBe(true);
    expect(commandLines(new RegExp(`${place}/begun`))).toEqual([]);
  });
});
