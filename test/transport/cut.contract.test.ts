import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeFileScript } from '../../src/operations/file-script.ts';
import type { Session, Transport } from '../../src/transport/session.ts';
import { createSshTransport } from '../../src/transport/ssh.ts';
import { aHost } from '../support/inventory.ts';
import { becomes } from './processes.ts';
import { startSshd, type Sshd } from './sshd.ts';

const SECRET = 'correct-horse-battery';

let sshd: Sshd;
let transport: Transport;
let session: Session;
let folder: string;

beforeAll(async () => {
  sshd = await startSshd();
  transport = createSshTransport({ liveness: { intervalMs: 500, missed: 3 } });
});
afterAll(async () => {
  await transport?.close();
  await sshd?.stop();
});
beforeEach(async () => {
  folder = mkdtempSync('/etc/osha-test-');
  const { port, identity, knownHosts } = sshd;
  const host = aHost('loopback', {
    address: '127.0.0.1',
    ssh: { user: 'root', port, sudo: false, identity, knownHosts: [knownHosts], jump: [], config: false },
  });
  session = await transport.connect(host, { timeoutMs: 30_000, acceptNew: false });
});
afterEach(async () => {
  await session.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ways to end a running script. */
const WAYS: readonly (readonly [string, (abort: AbortController) => void])[] = [
  ['the connection is cut, or osha is killed', () => void sshd.dropAll()],
  ['the session is closed', () => void session.close()],
  ['osha is interrupted', (abort) => abort.abort(new Error('interrupted'))],
  ['the host’s end of the connection hangs', () => setTimeout(sshd.freeze(), 15_000)],
];

/** Runs a script until it has printed something, then ends it. */
async function cut(script: string, way: (abort: AbortController) => void): Promise<void> {
  const abort = new AbortController();
  let begun = false;
  await session
    .run(script, {
      timeoutMs: 60_000,
      signal: abort.signal,
      input: SECRET,
      onOutput: () => {
        if (!begun) way(abort);
        begun = true;
      },
    })
    .catch(() => undefined);
}

const VALIDATORS = {
  'is silent': 'echo begun; sleep 60',
  'keeps printing': 'while :; do echo on; echo on >&2; sleep 0.05; done',
  'ignores SIGTERM': `trap '' TERM; while :; do echo on; sleep 0.05; done`,
} as const;

describe('a file with secrets that is being validated when', () => {
  describe.each(WAYS)('%s', (_, way) => {
    it.each(Object.entries(VALIDATORS))(
      'leaves nothing behind if the validator %s',
      async (_name, validate) => {
        const options = { owner: 'root', group: 'root', mode: 0o600, validate };
        await cut(`set -e\n${writeFileScript(join(folder, 'secret'), options)}`, way);
        expect(await becomes(() => readdirSync(folder).length === 0, 20_000)).toBe(true);
      },
    );
  });
});

describe('a script that', () => {
  it('is printing when the connection drops gets SIGTERM, and can clean up', async () => {
    const trace = join(folder, 'trace');
    mkdirSync(join(folder, 'work'));
    await cut(
      `trap 'rm -r ${folder}/work' EXIT; trap 'echo TERM >${trace}; exit 143' TERM
while :; do echo on; sleep 0.05; done`,
      () => void sshd.dropAll(),
    );
    expect(await becomes(() => !existsSync(join(folder, 'work')))).toBe(true);
    expect(readFileSync(trace, 'utf8')).toBe('TERM\n');
  });

  it.each(WAYS)('has input leaves nothing of it in the loop’s own folder when %s', async (_, way) => {
    const mine = (): readonly string[] =>
      ['/run', '/dev/shm', '/tmp'].flatMap((place) =>
        readdirSync(place)
          .filter((name) => name.startsWith('osha.loop.'))
          .filter((name) => holdsSecret(join(place, name))),
      );
    await cut(`cat >/dev/null; echo begun; sleep 60`, way);
    expect(await becomes(() => mine().length === 0, 20_000)).toBe(true);
  });
});

function holdsSecret(place: string): boolean {
  try {
    return readdirSync(place).some(
      (name) =>
        ['input', 'script'].includes(name) && readFileSync(join(place, name), 'utf8').includes(SECRET),
    );
  } catch {
    return false;
  }
}
