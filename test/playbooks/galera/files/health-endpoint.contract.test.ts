import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { HEALTH_PROGRAM, healthProgram } from '../../../../playbooks/galera/files/health-endpoint.ts';
import galera from '../../../../playbooks/galera/playbook.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { until } from '../../../lab/support/until.ts';
import { contextOf, placedFile } from '../../context.ts';

type Sst = 'rsync' | 'mariabackup';

/** Status of the server, as its client prints it. */
const says = (cluster: string, state: number, words: string, ready: string): string =>
  `wsrep_local_state\t${state}\nwsrep_local_state_comment\t${words}\nwsrep_cluster_status\t${cluster}\nwsrep_ready\t${ready}\n`;
const SYNCED = says('Primary', 4, 'Synced', 'ON');
const JOINED = says('Primary', 3, 'Joined', 'ON');

/**
 * A server's client: for each question it prints the file `said`; where that is missing, the server hangs, or is down.
 */
const client = (folder: string, options: { down?: boolean; socket?: string } = {}): string => `#!/bin/sh
echo "$*" >> '${folder}/started'
${options.down ? 'exit 1' : ''}
${options.socket === undefined ? '' : `case "$*" in *--socket=${options.socket}*) ;; *) exit 1 ;; esac`}
while IFS= read -r question; do
  while [ ! -e '${folder}/said' ]; do sleep 0.05; done
  cat '${folder}/said'
  printf 'asked\\t\\n'
done
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

interface Endpoint {
  readonly folder: string;
  readonly url: string;
  /** Sets the status of the server; without one, it hangs. */
  readonly say: (said: string | undefined) => void;
}

/** The endpoint with a script as its client. */
async function endpoint(
  sst: Sst,
  options: { down?: boolean; socket?: string; defaults?: string } = {},
): Promise<Endpoint> {
  const folder = folderForTest();
  const place = (name: string, content: string): void => {
    writeFileSync(join(folder, name), content);
    chmodSync(join(folder, name), 0o755);
  };
  place('program', healthProgram({ sst }));
  place('mariadb', client(folder, options));
  place('my_print_defaults', `#!/bin/sh\n${options.defaults ?? ':'}\n`);
  const port = await freePort();
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const child = spawn(join(folder, 'program'), ['127.0.0.1', String(port)], { env, stdio: 'inherit' });
  running.push(child);
  const url = `http://127.0.0.1:${port}/`;
  await until('the endpoint listens', 60_000, async () => (await statusOf(url)) !== undefined, 20);
  const said = join(folder, 'said');
  return {
    folder,
    url,
    say: (text) => {
      if (text === undefined) rmSync(said, { force: true });
      else writeFileSync(said, text);
    },
  };
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    return (await fetch(url)).status;
  } catch {
    return undefined;
  }
}

/** Milliseconds until the endpoint answers `status`. */
async function untilStatus(url: string, status: number): Promise<number> {
  return until(`the endpoint answers ${status}`, 60_000, async () => (await statusOf(url)) === status, 20);
}

/**
 * The fewest milliseconds, of three times, from what a Synced member says then to the answer 503: what comes on top is
 * this machine being busy.
 */
async function bestOfThree(url: string, say: Endpoint['say'], said: string | undefined): Promise<number> {
  const took: number[] = [];
  for (let time = 0; time < 3; time += 1) {
    say(SYNCED);
    await untilStatus(url, 200);
    say(said);
    took.push(await untilStatus(url, 503));
  }
  return Math.min(...took);
}

describe('the health endpoint', () => {
  const cases: readonly (readonly [string, string, Sst, number, string])[] = [
    ['a Synced member', SYNCED, 'rsync', 200, 'Primary 4 Synced ON'],
    ['one that is not ready', says('Primary', 4, 'Synced', 'OFF'), 'rsync', 503, 'Primary 4 Synced OFF'],
    [
      'one without a quorum',
      says('non-Primary', 0, 'Initialized', 'OFF'),
      'rsync',
      503,
      'non-Primary 0 Initialized OFF',
    ],
    ['one that is brought up to date', JOINED, 'rsync', 503, 'Primary 3 Joined ON'],
    [
      'one that rsync blocks while it gives its data away',
      says('Primary', 2, 'Donor/Desynced', 'ON'),
      'rsync',
      503,
      'Primary 2 Donor/Desynced ON',
    ],
    [
      'one that gives its data away and goes on serving',
      says('Primary', 2, 'Donor/Desynced', 'ON'),
      'mariabackup',
      200,
      'Primary 2 Donor/Desynced ON',
    ],
    [
      'one that is held still for a backup, even where a donor serves',
      `${says('Primary', 2, 'Donor/Desynced', 'ON')}away\t1\n`,
      'mariabackup',
      503,
      'taken out of rotation (wsrep_desync)',
    ],
    ['one that says it is in rotation', `${SYNCED}away\t0\n`, 'rsync', 200, 'Primary 4 Synced ON'],
    ['a server without a cluster', '', 'rsync', 503, 'no answer from the server'],
  ];
  it.each(cases)('answers for %s', async (_name, said, sst, status, words) => {
    const { url, say } = await endpoint(sst);
    say(said);
    await until(
      'the endpoint knows',
      60_000,
      async () => (await (await fetch(url)).text()).includes(words),
      20,
    );
    const response = await fetch(url);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(`galera: ${words}\n`);
  });

  it('answers 503 while the server is down, and queries it until it is up', async () => {
    const { url, folder, say } = await endpoint('rsync', { down: true });
    say(SYNCED);
    expect(await statusOf(url)).toBe(503);
    writeFileSync(join(folder, 'mariadb'), client(folder));
    await untilStatus(url, 200);
  });

  it('answers 503 within two seconds of the member leaving Synced', async () => {
    const { url, say } = await endpoint('rsync');
    expect(await bestOfThree(url, say, JOINED)).toBeLessThan(2000);
  });

  it('answers 503 within two seconds of the server hanging, and 200 again once it answers', async () => {
    const { url, say } = await endpoint('rsync');
    expect(await bestOfThree(url, say, undefined)).toBeLessThan(2500);
    say(SYNCED);
    await untilStatus(url, 200);
  });

  it('queries the server through the configured socket', async () => {
    const socket = join(folderForTest(), 'elsewhere.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    const { url, say } = await endpoint('rsync', { socket, defaults: `echo --socket=${socket}` });
    say(SYNCED);
    await untilStatus(url, 200);
    server.close();
  });

  it('queries the server at its default socket if the configured one does not exist', async () => {
    const { url, say } = await endpoint('rsync', { defaults: 'echo --socket=/nonexistent/socket' });
    say(SYNCED);
    await untilStatus(url, 200);
  });

  it('can be run by its own account', () => {
    expect(placedFile(galera, contextOf(galera), 'controller1', HEALTH_PROGRAM)).toMatch(
      /^#!\/usr\/bin\/env python3\n/,
    );
  });
});
