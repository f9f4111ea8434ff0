import { patienceFor, withPatience } from '../playbook/limits.ts';
import { disruptive, type Change } from '../playbook/operation.ts';
import { asSecretText } from '../secrets/text.ts';
import { ConnectionDropped } from '../transport/errors.ts';
import type { Place, RunContext } from './context.ts';
import { ChangeFailed } from './failure.ts';
import type { Lane } from './lane.ts';
import { BoundedLines } from './lines.ts';
import { answersOf, waitUntilHealthy } from './wait.ts';
import type { WorkEnd, Work, Writer } from './writer.ts';

/** Carries out what is decided, and proves it. */
export const applying: Writer = {
  changed: 'changed',
  isFinal: false,
  operation: applyOperation,
  decision: async (context, operation, round) =>
    operation.decide(await answersOf(context, operation, { again: round > 1 })),
  change: applyChange,
  verification: async (context, place, { check, withinMs }) => ({
    findings: await waitUntilHealthy(context, place, check, withinMs, { again: false }),
  }),
};

/** Runs one change. Throws `ChangeFailed` when its script does not end with 0, and what the session throws. */
async function applyChange(context: RunContext, place: Place, host: string, change: Change): Promise<void> {
  const lane = context.lane(host);
  await lane.inTurn(change.touches, () => applyNow(context, place, lane, change));
}

async function applyNow(context: RunContext, place: Place, lane: Lane, change: Change): Promise<void> {
  const host = lane.host.name;
  // Where it cannot be made, the change has not begun.
  const input = await bytesOf(context, change.input);
  const lines = {
    stdout: outputLines(context, place, host, 'stdout'),
    stderr: outputLines(context, place, host, 'stderr'),
  };
  context.tellChange(place, host, change, { applied: true });
  const started = Date.now();
  let done = false;
  try {
    const { timeoutMs, signal } = context.settings;
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
    context.emit({
      event: 'change-finished',
      phase: place.phase.name,
      step: place.planned.id,
      host,
      summary: change.summary,
      done,
      durationMs: Date.now() - started,
    });
    // Also after a failure: nobody knows how far it came.
    context.touched(host, change.touches);
  }
}

/** Brings one host to where an operation wants it, and asks it whether it is there. */
async function applyOperation(
  context: RunContext,
  place: Place,
  { host, operation, turn }: Work,
): Promise<WorkEnd> {
  const observer = context.observer(host.name);
  const leftOf = (observed: unknown): readonly Change[] =>
    context.toMake(place, host.name, operation.decide(observed));
  let changes = leftOf(await observer.observe(operation.probe));
  if (changes.some(({ effects }) => disruptive(effects).length > 0) && (await turn())) {
    observer.forget();
    changes = leftOf(await observer.observe(operation.probe));
  }
  if (changes.length === 0) return 'ok';
  try {
    for (const change of changes) await applyChange(context, place, host.name, change);
  } catch (error) {
    if (!(error instanceof ConnectionDropped)) throw error;
    // A change is never sent twice: the host is asked what came of it.
    if (leftOf(await observer.observeAgain(operation.probe)).length > 0) throw error;
    return 'changed';
  }
  const left = leftOf(await observer.observeAgain(operation.probe));
  if (left.length > 0) {
    throw new ChangeFailed(
      `${operation.title}: not converged after apply; still pending: ${left.map((change) => change.summary).join('; ')}`,
      '',
    );
  }
  return 'changed';
}

function outputLines(
  context: RunContext,
  place: Place,
  host: string,
  stream: 'stdout' | 'stderr',
): BoundedLines {
  return new BoundedLines(context.settings.maxOutputBytes, (line) =>
    context.emit({ event: 'output', phase: place.phase.name, step: place.planned.id, host, stream, line }),
  );
}

async function bytesOf(
  context: RunContext,
  input: Change['input'],
): Promise<string | Uint8Array | undefined> {
  if (input === undefined || input instanceof Uint8Array) return input;
  const text = asSecretText(typeof input === 'function' ? await input() : input);
  context.settings.learn?.(text.secrets());
  return text.reveal();
}
