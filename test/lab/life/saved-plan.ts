import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { INVENTORY, on } from '../core/hosts.ts';
import { said } from '../harm/said.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, osha } from '../support/osha.ts';

/** What may happen on a host between a plan and its deployment, and how to undo it. */
const DRIFTS: readonly (readonly [what: string, host: string, script: string, undo: string])[] = [
  ['a service was stopped', 'controller2', 'systemctl stop memcached', 'systemctl start memcached'],
  ['a unit was disabled', 'controller1', 'systemctl disable memcached', 'systemctl enable memcached'],
];

/** A plan is saved while a file has another mode, and the hosts change before it is carried out. */
export function savedPlans(): void {
  const file = join(mkdtempSync(join(tmpdir(), 'osha-plan-')), 'plan.json');

  beforeAll(async () => {
    await untilHealthy(INVENTORY, 180_000);
    await on('controller1', 'chmod 600 /etc/memcached.conf');
    const saved = await osha('plan', INVENTORY, '--out', file, '--json');
    expect(saved.exitCode, said(saved)).toBe(0);
  });

  it.each(DRIFTS)('is refused where %s since, and the host is named', async (_what, host, script, undo) => {
    await on(host, script);
    const run = await osha('deploy', INVENTORY, '--plan', file, '--json');
    await on(host, undo);
    expect(run.exitCode, said(run)).toBe(5);
    expect(said(run)).toContain(host);
    expect(changesOf(run)).toEqual([]);
  });

  it('is carried out where nothing has changed: its changes, and no others', async () => {
    const run = await osha('deploy', INVENTORY, '--plan', file, '--json');
    expect(run.exitCode, said(run)).toBe(0);
    expect(changesOf(run)).toEqual([
      expect.stringMatching(/^controller1: memcached: change \S+memcached\.conf: mode 0600 to 0644/),
      expect.stringMatching(/^controller1: memcached: restart memcached/),
    ]);
    await untilHealthy(INVENTORY, 120_000);
  });
}
