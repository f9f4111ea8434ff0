import { patienceFor, withPatience } from '../playbook/limits.ts';
import { disruptive, type Change } from '../playbook/operation.ts';
import { asSecretText } from '../secrets/text.ts';
import { ConnectionDropped } from '../transport/errors.ts';
import { answersOf } from './answers.ts';
import { ChangeFailed } from './failure.ts';
import type { Lane } from './host-connection.ts';
import { BoundedLines } from './lines.ts';
import type { StepRun } from './step-run.ts';
import { waitUntilHealthy } from './verification.ts';
import type { WorkEnd, Work, Writer } from './writer.ts';

/** Carries out every decision, and proves it. */
export const applying: Writer = {
  changed: 'changed',
  isFinal: false,
  operation: applyOperation,
  decision: async ({ phaseRun }, operation, round) =>
    operation.decide(await answersOf(phaseRun, operation, { again: round > 1 })),
  change: applyChange,
  verification: async (run, { check, withinMs }) => ({
    findings: await waitUntilHealthy(run, check, withinMs, { again: false }),
  }),
};

/** Brings one host to the state that an operation wants, and verifies it. */
async function applyOperation(run: StepRun, { host, operation, turn }: Work): Promise<WorkEnd> {
  const observer = run.phaseRun.observer(host.name);
  const pendingOf = (observed: unknown): readonly Change[] =>
    run.toMake(host.name, operation.title, operation.decide(observed));
  let changes = pendingOf(await observer.observe(operation.probe));
  if (changes.some(({ effects }) => disruptive(effects).length > 0) && (await turn())) {
    observer.forget();
    changes = pendingOf(await observer.observe(operation.probe));
  }
  if (changes.length === 0) return 'ok';
  try {
    for (const change of changes) await applyChange(run, host.name, change);
  } catch (error) {
    if (!(error instanceof ConnectionDropped)) throw error;
    // A change is never sent twice: a probe tells whether it completed.
    if (pendingOf(await observer.observeAgain(operation.probe)).length > 0) throw error;
    return 'changed';
  }
  const left = pendingOf(await observer.observeAgain(operation.probe));
  if (left.length > 0) {
    throw new ChangeFailed(
      `${operation.title}: not converged after apply; still pending: ${left.map((change) => change.summary).join('; ')}`,
      '',
    );
  }
  return 'changed';
}

/** Runs one change. Throws `ChangeFailed` when its script does not end with 0, and what the session throws. */
async function applyChange(run: StepRun, host: string, change: Change): Promise<void> {
  const lane = run.phaseRun.lane(host);
  await lane.inTurn(change.touches, () => applyNow(run, lane, change));
}

async function applyNow(run: StepRun, lane: Lane, change: Change): Promise<void> {
  const { phaseRun } = run;
  const host = lane.host.name;
  // If the input cannot be produced, the change has not begun.
  const input = await bytesOf(run, change.input);
  const lines = { stdout: outputLines(run, host, 'stdout'), stderr: outputLines(run, host, 'stderr') };
  run.emitChange(host, change, { applied: true });
  const started = Date.now();
  let done = false;
  try {
    const { timeoutMs, signal } = phaseRun.planRun.settings;
    const patience = patienceFor(timeoutMs);
    const result = await lane.run(withPatience(patience, `set -e\n${change.script}`), {
      timeoutMs: change.timeoutMs === undefined ? timeoutMs : change.timeoutMs * patience,
      signal,
      onOutput: (stream, chunk) => lines[stream].write(chunk),
      ...(input === undefined ? {} : { input }),
    });
    if (result.exitCode !== 0) {
      throw new ChangeFailed(
        `could not ${change.summary}: its script ended with ${result.exitCode}`,
        result.stderr.trim() === '' ? result.stdout : result.stderr,
      );
    }
    done = true;
  } finally {
    lines.stdout.end();
    lines.stderr.end();
    const { summary } = change;
    const durationMs = Date.now() - started;
    run.emit({ event: 'change-finished', ...run.place, host, summary, done, durationMs });
    // Also after a failure: it may have got part of the way.
    phaseRun.touched(host, change.touches);
  }
}

function outputLines(run: StepRun, host: string, stream: 'stdout' | 'stderr'): BoundedLines {
  return new BoundedLines(run.phaseRun.planRun.settings.maxOutputBytes, (line) =>
    run.emit({ event: 'output', ...run.place, host, stream, line }),
  );
}

async function bytesOf(run: StepRun, input: Change['input']): Promise<string | Uint8Array | undefined> {
  if (input === undefined || input instanceof Uint8Array) return input;
  const text = asSecretText(typeof input === 'function' ? await input() : input);
  run.phaseRun.planRun.settings.learn?.(text.secrets());
  return text.reveal();
}
