import { hostname, userInfo } from 'node:os';
import type { Journal } from '../journal/journal.ts';
import type { Plan } from '../planner/plan.ts';
import { probeTimeoutMs } from '../playbook/limits.ts';
import type { Renderer } from '../render/renderer.ts';
import type { EventSink, Prunable, RunEvent } from '../runner/events.ts';
import type { RunOptions, RunSummary } from '../runner/run-plan.ts';
import type { Passwords } from './access.ts';
import type { Deployment } from './deployment.ts';
import { UserError } from './errors.ts';
import { Announced } from './saved-plan.ts';
import { interruption } from './interruption.ts';
import { EXIT } from './io.ts';
import type { ConnectionOptions, OutputOptions } from './options.ts';
import { rendererKind, wantsColor } from './presentation.ts';
import type { Cli } from './register.ts';
import { ownVersion } from './version.ts';

export interface ExecuteOptions extends OutputOptions, ConnectionOptions {
  /** For logging in to the hosts. */
  readonly passwords: Passwords;
  /** Gets every event, with secrets masked. */
  readonly observe?: EventSink | undefined;
}

/**
 * Runs a plan and shows its progress. `apply` is recorded in `.osha/runs`; `diff` writes nothing anywhere. Returns the
 * summary.
 */
export async function executePlan(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions & Pick<RunOptions, 'mode' | 'prune' | 'approved'>,
): Promise<RunSummary> {
  const { mode, prune, approved } = options;
  const [{ runPlan }, { admissionOf }] = await Promise.all([
    import('../runner/run-plan.ts'),
    import('./admission.ts'),
  ]);
  const { settings, mask } = await prepareRun(cli, plan, deployment, options);
  const run: ShownRun = {
    inventoryFile: deployment.inventory.file,
    mask,
    titles: new Map(plan.phases.map((phase) => [phase.name, phase.title])),
    unrecorded: mode === 'diff',
    observe: options.observe,
  };
  return recordRun(cli, run, options, ({ signal, emit, notice, id }) =>
    runPlan(plan, {
      ...settings,
      mode,
      prune,
      approved,
      lockOwner: `${userInfo().username} on ${hostname()}${id === undefined ? '' : `, run ${id}`}`,
      admission: admissionOf(deployment, { notice }),
      signal,
      emit,
    }),
  );
}

/** What was found on the hosts before a run that can remove or lose something. */
export interface Survey {
  /** What `--prune` would remove, as far as it is known before the run. */
  readonly prunable: readonly Prunable[];
  /** The same with secrets masked, to be shown. */
  readonly shown: readonly Prunable[];
  /** What the run would do, with secrets masked. */
  readonly announced: Announced;
  /** The evidence for the decisions about whole clusters. */
  readonly evidence: readonly Extract<RunEvent, { event: 'evidence' }>[];
}

/**
 * Observes what a plan would do, remove or may lose, and changes nothing. Unreachable hosts and refusals are left to the run to
 * report. Throws `UserError` with 130 where it was interrupted.
 */
export async function surveyPlan(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions & { readonly announceRemovals?: boolean },
): Promise<Survey> {
  const [{ runPlan }, { admissionOf }] = await Promise.all([
    import('../runner/run-plan.ts'),
    import('./admission.ts'),
  ]);
  const { settings, mask } = await prepareRun(cli, plan, deployment, options);
  const screen = await screenWith(mask, deployment.inventory.file);
  const notice = (text: string): void => void cli.io.stderr.write(`${text}\n`);
  const announced = new Announced();
  const prunable: Extract<RunEvent, { event: 'prunable' }>[] = [];
  const evidence: Extract<RunEvent, { event: 'evidence' }>[] = [];
  notice('Checking what would be done; nothing is changed yet.');
  const stop = interruption(cli.io, notice);
  try {
    await runPlan(plan, {
      ...settings,
      mode: 'diff',
      prune: options.announceRemovals ?? false,
      lockOwner: '',
      admission: admissionOf(deployment, { notice }),
      signal: stop.signal,
      emit: (event) => {
        if (event.event === 'prunable') prunable.push(event);
        else if (event.event === 'evidence') evidence.push(screen(event));
        else announced.add(screen(event));
      },
    });
  } finally {
    stop.release();
  }
  if (stop.asked()) throw new UserError('interrupted', { exitCode: EXIT.interrupted });
  return { prunable, shown: prunable.map(screen), evidence, announced };
}

interface ShownRun {
  readonly inventoryFile: string;
  /** Masks secrets in a text. */
  readonly mask: (text: string) => string;
  /** Titles of the phases, by name, to be shown before they start. */
  readonly titles?: ReadonlyMap<string, string>;
  /** Writes nothing to `.osha/runs`; default false. */
  readonly unrecorded?: boolean;
  /** Gets every event, with secrets masked. */
  readonly observe?: EventSink | undefined;
  /** What to print when a second Ctrl-C ends the process. */
  readonly lastWords?: () => string;
}

/** What a run gets from the terminal and the journal. */
interface RunSurroundings {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly emit: EventSink;
  /** Shows a message about osha itself. */
  readonly notice: (text: string) => void;
  /** The run's name in the journal; absent where it is not recorded. */
  readonly id: string | undefined;
}

/** Shows and records the run that `work` carries out. Returns its summary. */
export async function recordRun(
  cli: Cli,
  run: ShownRun,
  options: OutputOptions,
  work: (surroundings: RunSurroundings) => Promise<RunSummary>,
): Promise<RunSummary> {
  const { io } = cli;
  const { inventoryFile, mask, titles, lastWords } = run;
  const [{ createRenderer }, screen] = await Promise.all([
    import('../render/renderer.ts'),
    screenWith(mask, inventoryFile),
  ]);
  const journal = run.unrecorded ? undefined : await openJournal(cli, inventoryFile, mask);
  const renderer = await createRenderer(rendererKind(io, options), {
    color: wantsColor(io, options),
    verbose: options.verbose ?? false,
    stdout: io.stdout,
    stderr: io.stderr,
    ...(titles ? { titles } : {}),
    ...(journal ? { log: journal.log } : {}),
  });
  const sink = recordingSink(renderer, journal);
  const stop = interruption(io, renderer.notice, () => renderer.abandon(lastWords?.()));
  try {
    return await work({
      signal: stop.signal,
      emit: (event) => {
        const shown = screen(event);
        run.observe?.(shown);
        sink(shown);
      },
      notice: renderer.notice,
      id: journal?.id,
    });
  } finally {
    stop.release();
    await renderer.finish();
    journal?.finish();
  }
}

/** The settings of a run that are the same in all modes. */
export interface PreparedRun {
  readonly settings: Omit<RunOptions, 'mode' | 'prune' | 'lockOwner' | 'admission' | 'signal' | 'emit'>;
  /** Masks secrets in a text. */
  readonly mask: (text: string) => string;
}

/** Prepares a run of a plan, in any mode. */
export async function prepareRun(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions,
): Promise<PreparedRun> {
  const [{ accessWith }, { fitness }, { createMasker }, { secretsToMask }] = await Promise.all([
    import('./access.ts'),
    import('../preflight/preflight.ts'),
    import('../secrets/masker.ts'),
    import('./admission.ts'),
  ]);
  const { transport, passwords } = await accessWith(cli.io, options.passwords, options);
  const mask = createMasker([...secretsToMask(deployment), ...passwords]);
  return {
    mask,
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

/** A filter for events: masks secrets, and puts the user's inventory into hints. */
async function screenWith(
  mask: (text: string) => string,
  file: string,
): Promise<<Event extends RunEvent>(event: Event) => Event> {
  const [{ maskDeep }, { pasteable }] = await Promise.all([
    import('../journal/mask-deep.ts'),
    import('./pasteable.ts'),
  ]);
  return (event) => pasteable(maskDeep(event, mask), file);
}

async function openJournal(
  cli: Cli,
  inventoryFile: string,
  mask: (text: string) => string,
): Promise<Journal> {
  const { createJournal } = await import('../journal/journal.ts');
  return createJournal({
    inventoryFile,
    command: cli.command,
    version: ownVersion(),
    mask,
  });
}

/**
 * A sink that records each event, then shows it. Neither a defect of the display nor a full disk may end a deployment half
 * way: the run continues without display or record, and says so once.
 */
function recordingSink(renderer: Renderer, journal: Journal | undefined): EventSink {
  let isDisplayBroken = false;
  let hasWarned = false;
  const show: EventSink = (event) => {
    if (isDisplayBroken) return;
    try {
      renderer.sink(event);
    } catch (error) {
      isDisplayBroken = true;
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
    if (!hasWarned) {
      hasWarned = true;
      show({ event: 'warning', message: `this run is no longer recorded: ${journal.log}: ${unrecorded}` });
    }
    show(event.event === 'summary' ? { ...event, unrecorded } : event);
  };
}
