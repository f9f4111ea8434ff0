import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlan } from '../../src/planner/plan.ts';
import { platformOf } from '../../src/platform/index.ts';
import type { Operation } from '../../src/playbook/operation.ts';
import { step } from '../../src/playbook/step.ts';
import { runPlan, type RunSummary } from '../../src/runner/run-plan.ts';
import { createSshTransport } from '../../src/transport/ssh.ts';
import { aHost, anInventory } from '../support/inventory.ts';
import { aPlaybook } from '../support/run.ts';
import { becomes } from '../transport/processes.ts';
import { startSshd, type Sshd } from '../transport/sshd.ts';

/**
 * How long the first run's sshd is stopped. With `OSHA_FREEZE_SECONDS=120`, both ends find the silence out in their real
 * times; otherwise in seconds.
 */
const SECONDS = Number(process.env['OSHA_FREEZE_SECONDS'] ?? 12);
const LIVENESS = process.env['OSHA_FREEZE_SECONDS'] ? undefined : { intervalMs: 500, missed: 3 };
const CHANGES = 6;

let sshd: Sshd;
let place: string;
beforeAll(async () => {
  sshd = await startSshd();
  place = mkdtempSync(join(tmpdir(), 'osha-frozen-'));
});
afterAll(async () => {
  await sshd?.stop();
  rmSync(place, { recursive: true, force: true });
});

/** A change that is done as soon as it begins, and then works on; it notes where another one works at the same time. */
function worked(who: string, number: number, seconds: number): Operation<boolean> {
  const mark = join(place, `${who}.${number}`);
  return {
    scope: 'host',
    title: `${who} ${number}`,
    probe: {
      script: `[ -e ${mark} ] && echo done || :`,
      reads: [`file:${mark}`],
      parse: (answer) => answer.stdout !== '',
    },
    decide: (isDone) =>
      isDone
        ? []
        : [
            {
              summary: `work ${number}`,
              script: `exec 7>>${place}/working
flock -n 7 || echo "${who} ${number} while $(cat ${place}/writer) works" >>${place}/together
echo '${who} ${number}' >${place}/writer
touch ${mark}
sleep ${seconds}`,
              touches: [`file:${mark}`],
            },
          ],
  };
}

/** One `osha run` on the host. Its first change works for so long. */
function work(who: string, firstSeconds: number): Promise<RunSummary> {
  const { port, identity, knownHosts } = sshd;
  const host = aHost('loopback', {
    address: '127.0.0.1',
    ssh: { user: 'root', port, sudo: false, identity, knownHosts: [knownHosts], jump: [], config: false },
  });
  const numbers = Array.from({ length: CHANGES }, (_, number) => number);
  const plan = createPlan({
    playbooks: [
      aPlaybook('work', () =>
        numbers.map((number) =>
          step(`Work ${number}`, worked(who, number, number === 0 ? firstSeconds : 0.3)),
        ),
      ),
    ],
    inventory: anInventory({ hosts: [host], vips: [] }),
    secrets: {},
    platform: platformOf('debian-12'),
  });
  return runPlan(plan, {
    transport: createSshTransport(LIVENESS ? { liveness: LIVENESS } : {}),
    mode: 'apply',
    prune: false,
    forks: 10,
    timeoutMs: 900_000,
    connectTimeoutMs: 60_000,
    probeTimeoutMs: 120_000,
    maxOutputBytes: 1024 * 1024,
    acceptNew: false,
    signal: new AbortController().signal,
    command: 'test',
    lockOwner: who,
    emit: () => undefined,
  });
}

const content = (name: string): string =>
  existsSync(join(place, name)) ? readFileSync(join(place, name), 'utf8') : '';

describe('two runs on one host, with the first one’s sshd stopped in the middle of a change', () => {
  it('never write at the same time, and both end', { timeout: (SECONDS + 300) * 1000 }, async () => {
    const first = work('ann', 600);
    expect(await becomes(() => existsSync(join(place, 'ann.0')), 60_000)).toBe(true);
    const thaw = sshd.freeze();
    let refused = 0;
    // A busy machine may take longer than that to try for the first time.
    let isOver = false;
    const thawing = setTimeout(() => {
      isOver = true;
      if (refused > 0) thaw();
    }, SECONDS * 1000);
    let second = await work('bob', 0.3);
    while (second.refused !== undefined) {
      expect(second.refused).toContain('loopback is held by ann');
      refused += 1;
      if (isOver) thaw();
      second = await work('bob', 0.3);
    }
    const lasting = await first;
    clearTimeout(thawing);
    thaw();
    expect(content('together')).toBe('');
    expect(refused).toBeGreaterThan(0);
    expect(second).toMatchObject({ changes: CHANGES, failed: 0, unreachable: 0 });
    // In the moment in which the lost connection lets go of the lock, either may be the one who gets it.
    if (lasting.refused === undefined) {
      expect(lasting).toMatchObject({ changes: CHANGES, failed: 0, unreachable: 0 });
    } else {
      expect(lasting.refused).toContain('another run holds its lock: bob');
      expect(content('writer')).toBe(`bob ${CHANGES - 1}\n`);
    }
  });
});
