import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** A folder with an inventory of one host, this machine. */
function aDeployment(name: string): string {
  const place = join(folder, name);
  mkdirSync(place);
  const { port, identity, knownHosts } = sshd;
  writeFileSync(
    join(place, 'inventory.yaml'),
    `name: test
ssh: { user: root, port: ${port}, identity: ${identity}, known_hosts: ${knownHosts}, config: false }
hosts:
  here: { address: 127.0.0.1, roles: [controller], networks: { public: 192.0.2.1 } }
vips:
  api: { address: 192.0.2.20/24, interface: eth0 }
haproxy: { internal_vip: api }
`,
  );
  return place;
}

/**
 * Runs a command on the host that keeps running until it is ended, and records how: on a terminal of its own (util-linux'
 * script), or into the file `out`. Does `end` in the middle of it, and returns osha's exit code.
 */
async function during(
  place: string,
  terminal: boolean,
  end: (pids: { readonly terminal: number; readonly osha: number }) => void,
): Promise<string> {
  const remote = `trap "touch ${place}/told; exit 143" TERM; touch ${place}/begun; while :; do echo on; sleep 0.05; done`;
  // As the shell of a terminal does: it hands the hangup on, and waits.
  const command = `trap 'kill -HUP $pid' HUP
${OSHA} exec inventory.yaml --connect-timeout 60 ${terminal ? '' : '--json'} -- '${remote}' ${terminal ? '' : '>out 2>&1'} &
pid=$!
echo $pid >pid
while wait $pid; code=$?; kill -0 $pid 2>/dev/null; do :; done
echo $code >code`;
  const child = terminal
    ? spawn('script', ['-q', '-c', command, '/dev/null'], { cwd: place, stdio: ['pipe', 'ignore', 'ignore'] })
    : spawn('sh', ['-c', command], { cwd: place, stdio: 'ignore' });
  const code = join(place, 'code');
  expect(await becomes(() => existsSync(join(place, 'begun')), 60_000)).toBe(true);
  end({ terminal: child.pid ?? 0, osha: Number(readFileSync(join(place, 'pid'), 'utf8')) });
  expect(await becomes(() => existsSync(code) && readFileSync(code, 'utf8') !== '', 40_000)).toBe(true);
  return readFileSync(code, 'utf8').trim();
}

describe('osha in the middle of a command', () => {
  it.each([
    ['whose terminal is closed', true, 'SIGKILL'],
    ['that gets SIGHUP, more than once', false, 'SIGHUP'],
    ['that gets SIGTERM', false, 'SIGTERM'],
  ] as const)(
    '%s stops in an orderly way, and sums up',
    async (what, terminal, signal) => {
      const place = aDeployment(what.replaceAll(' ', '-'));
      const exitCode = await during(place, terminal, ({ terminal: shell, osha }) => {
        process.kill(terminal ? shell : osha, signal);
        // A closed terminal says so again when its shell ends.
        if (signal === 'SIGHUP') setTimeout(() => hangUp(osha), 20);
      });
      expect(exitCode).toBe('130');
      expect(existsSync(join(place, 'told'))).toBe(true);
      expect(commandLines(new RegExp(`^sh .*${place}/begun`))).toEqual([]);
      if (!terminal) {
        const last = readFileSync(join(place, 'out'), 'utf8').trim().split('\n').at(-1) ?? '';
        expect(JSON.parse(last)).toMatchObject({ event: 'summary', interrupted: true });
      }
    },
    120_000,
  );
});

function hangUp(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP');
  } catch {
    // It has ended.
  }
}
