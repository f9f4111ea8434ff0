import { expect, it } from 'vitest';
import { failuresOf, healthOf, osha, summaryOf } from '../support/osha.ts';
import type { Architecture } from './architecture.ts';
import type { Figures } from './figures.ts';
import { expectNothingToDo } from './whole.ts';

/** Clean hosts become a healthy, complete deployment. */
export function deployment(architecture: Architecture, figures: Figures): void {
  const { file, observed, names } = architecture;

  it('deploys onto clean hosts', async () => {
    const deployed = await osha('deploy', file, '--json');
    expect(failuresOf(deployed)).toEqual([]);
    expect(deployed.exitCode, deployed.stderr + deployed.stdout.slice(-2000)).toBe(0);
    expect(Object.keys(summaryOf(deployed).hosts).sort()).toEqual([...names].sort());
    figures.deployMs = deployed.durationMs;
  });

  it('is healthy: status lists every system with evidence', async () => {
    const status = await osha('status', file, '--json');
    expect(status.exitCode, status.stdout + status.stderr).toBe(0);
    const told = healthOf(status);
    expect(told.map(({ system }) => system)).toEqual(expect.arrayContaining([...observed]));
    const findings = told.flatMap((system) => system.findings);
    expect(findings.filter(({ evidence }) => evidence === '')).toEqual([]);
    expect(findings.length).toBeGreaterThanOrEqual(observed.length);
  });

  it('is converged on a second deploy', async () => {
    figures.rerunMs = await expectNothingToDo(architecture);
  });
}
