import { hostname, userInfo } from 'node:os';
import type { Journal } from '../journal/journal.ts';
import type { Plan } from '../planner/plan.ts';
import { probeTimeoutMs } from '../playbook/limits.ts';
import type { EventSink, RunEvent } from '../runner/events.ts';
import type { Renderer } from '../render/renderer.ts';
import type { RunOptions, RunSummary } from '../runner/run-plan.ts';
import type { Passwords } from './access.ts';
import type { Deployment } from './deployment.ts';
import { interruption } from './interruption.ts';
import type { ConnectionOptions, OutputOptions } from './options.ts';
import { rendererKind, wantsColor } from './presentation.ts';
import type { Cli } from './register.ts';
import { ownVersion } from './version.ts';

export interface ExecuteOptions extends OutputOptions, ConnectionOptions {
  /** How to get in to the hosts. */
  readonly passwords: Passwords;
}

/** How a run does its work, whatever its mode, and what fits an event to be seen. */
interface PreparedRun {
  readonly settings: Omit<RunOptions, 'mode' | 'prune' | 'lockOwner' | 'admission' | 'signal' | 'emit'>;
  /** Masks secrets in a text. */
  readonly mask: (text: string) => string;
  /** Masks secrets, and names the user's inventory in hints. */
  readonly screen: <Event extends RunEvent>(event: Event) => Event;
}

/** What every run of a plan has in common: one that only looks, and one that changes something. */
export async function prepareRun(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions,
): Promise<PreparedRun> {
  const [{ accessWith }, { fitness }, { createMasker }, { maskDeep }, { secretsToMask }, { pasteable }] =
    await Promise.all([
      import('./access.ts'),
      import('../preflight/preflight.ts'),
      import('../secrets/masker.ts'),
      import('../journal/mask-deep.ts'),
      import('./admission.ts'),
      import('./pasteable.ts'),
    ]);
  const { transport, passwords } = await accessWith(cli.io, options.passwords, options);
  const mask = createMasker([...secretsToMask(deployment), ...passwords]);
  return {
    mask,
    screen: (event) => pasteable(maskDeep(event, mask), deployment.inventory.file),
    settings: {
      transport,
      forks: options.forks,
      timeoutMs: options.timeout * 1000,
      connectTimeoutMs: options.connectTimeout * 1000,
      probeTimeoutMs: probeTimeoutMs(options.timeout * 1000),
      maxOutputBytes: options.maxOutput,
      learn: mask.learn,
      acceptNew: options.acceptNew ?? false,
      command: cli.command,
      gate: fitness(plan.hosts, deployment.platform),
    },
  };
}

/**
 * Carries out a plan and shows it. `apply` is recorded in `.osha/runs`; `diff` writes nothing anywhere. Returns the
 * run's summary.
 */
export async function executePlan(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions & Pick<RunOptions, 'mode' | 'prune'>,
): Promise<RunSummary> {
  const { io } = cli;
  const { mode, prune } = options;
  const [{ createRenderer }, { runPlan }, { admissionOf }] = await Promise.all([
    import('../render/renderer.ts'),
    import('../runner/run-plan.ts'),
    import('./admission.ts'),
  ]);
  const { settings, mask, screen } = await prepareRun(cli, plan, deployment, options);
  const journal = mode === 'apply' ? await openJournal(cli, deployment, mask) : undefined;
  const renderer = await createRenderer(rendererKind(io, options), {
    color: wantsColor(io, options),
    verbose: options.verbose ?? false,
    stdout: io.stdout,
    stderr: io.stderr,
    titles: new Map(plan.phases.map((phase) => [phase.name, phase.title])),
    ...(journal ? { log: journal.log } : {}),
  });
  const tell = both(renderer, journal);
  const stop = interruption(io, renderer.notice, renderer.abandon);
  try {
    return await runPlan(plan, {
      ...settings,
      mode,
      prune,
      lockOwner: `${userInfo().username} on ${hostname()}${journal ? `, run ${journal.id}` : ''}`,
      admission: admissionOf(deployment, { notice: renderer.notice }),
      signal: stop.signal,
      emit: (event) => tell(screen(event)),
    });
  } finally {
    stop.release();
    await renderer.finish();
    journal?.finish();
  }
}

async function openJournal(
  cli: Cli,
  { inventory }: Deployment,
  mask: (text: string) => string,
): Promise<Journal> {
  const { createJournal } = await import('../journal/journal.ts');
  return createJournal({
    inventoryFile: inventory.file,
    command: cli.command,
    version: ownVersion(),
    mask,
  });
}

/**
 * What is shown is also recorded; recorded first. Neither a defect of the display nor a disk that is full must end a
 * deployment in the middle: the run continues unseen, or unrecorded, and says so once.
 */
function both(renderer: Renderer, journal: Journal | undefined): EventSink {
  let blind = false;
  let warned = false;
  const show: EventSink = (event) => {
    if (blind) return;
    try {
      renderer.sink(event);
    } catch (error) {
      blind = true;
      renderer.notice(`osha: the display failed, the run continues: ${String(error)}`);
    }
  };
  return (event) => {
    journal?.sink(event);
    const unrecorded = journal?.incomplete();
    if (journal === undefined || unrecorded === undefined) {
      show(event);
      return;
    }
    if (!warned) {
      warned = true;
      show({ event: 'warning', message: `this run is no longer recorded: ${journal.log}: ${unrecorded}` });
    }
    show(event.event === 'summary' ? { ...event, unrecorded } : event);
  };
}
