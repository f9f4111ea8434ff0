import type { Host } from '../../src/inventory/types.ts';
import { createPlan, type PlanRequest } from '../../src/planner/plan.ts';
import { everyHost, playbook, type Playbook } from '../../src/playbook/playbook.ts';
import type { Step } from '../../src/playbook/step.ts';
import { platformOf } from '../../src/platform/index.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { runPlan, type RunOptions, type RunSummary } from '../../src/runner/run-plan.ts';
import { z } from 'zod';
import type { Transport } from '../../src/transport/session.ts';
import { anInventory } from './inventory.ts';

/** A playbook for tests, on every host. */
export function aPlaybook(
  name: string,
  steps: (hosts: readonly Host[]) => readonly Step[],
  needs: readonly string[] = [],
): Playbook {
  return playbook({
    name,
    title: name,
    hosts: everyHost,
    needs,
    settings: z.strictObject({}),
    steps: ({ hosts }) => steps(hosts),
  });
}

export interface TestRun {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  /** `host step outcome`, in the order in which they came. */
  readonly outcomes: readonly string[];
}

/** Plans and runs playbooks on `hosts`. */
export async function run(
  hosts: Transport,
  playbooks: readonly Playbook[],
  options: Partial<RunOptions> & { selection?: PlanRequest['selection'] } = {},
): Promise<TestRun> {
  const events: RunEvent[] = [];
  const { selection, ...rest } = options;
  const plan = createPlan({
    playbooks,
    inventory: anInventory(),
    secrets: {},
    platform: platformOf('debian-12'),
    ...(selection ? { selection } : {}),
  });
  const summary = await runPlan(plan, {
    transport: hosts,
    mode: 'apply',
    prune: false,
    forks: 10,
    timeoutMs: 5000,
    connectTimeoutMs: 1000,
    probeTimeoutMs: 5000,
    maxOutputBytes: 1024 * 1024,
    acceptNew: false,
    signal: new AbortController().signal,
    command: 'test',
    lockOwner: 'test',
    ...rest,
    emit: (event) => {
      events.push(event);
      rest.emit?.(event);
    },
  });
  const outcomes = events.flatMap((event) =>
    event.event === 'host-finished' ? [`${event.host} ${event.step} ${event.outcome}`] : [],
  );
  return { summary, events, outcomes };
}
