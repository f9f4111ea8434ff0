import { INVENTORY } from '../core/hosts.ts';
import { changesOf, failuresOf, osha, type OshaResult } from '../support/osha.ts';
import type { Damage } from './damages.ts';

/** The plan and deployment after one damage. */
export interface Row {
  readonly damage: Damage;
  /** What `plan --diff` announced, and what `deploy` did, each as `host: phase: summary`, sorted. */
  readonly foretold: readonly string[];
  readonly done: readonly string[];
  /** Operations that the plan reported as unknown. */
  readonly unknown: readonly string[];
  readonly planFailures: readonly string[];
  readonly deployFailures: readonly string[];
  readonly seconds: number;
}

/** Plans, then deploys. */
export async function foretoldAndDone(damage: Damage): Promise<Row> {
  const started = Date.now();
  const plan = await osha('plan', INVENTORY, '--diff', '--json');
  const deploy = await osha('deploy', INVENTORY, '--json');
  return {
    damage,
    foretold: changesOf(plan).toSorted(),
    done: changesOf(deploy).toSorted(),
    unknown: mayFollow(plan),
    planFailures: failuresOf(plan),
    deployFailures: failuresOf(deploy),
    seconds: (Date.now() - started) / 1000,
  };
}

function mayFollow({ events }: OshaResult): readonly string[] {
  return events.flatMap((event) =>
    event.event === 'may-follow'
      ? [`${event.host}: ${event.phase}/${event.step}: ${event.operation}: ${event.because}`]
      : [],
  );
}
