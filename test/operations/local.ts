import { execFileSync, spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import type { Change, Operation, ProbeAnswer } from '../../src/playbook/operation.ts';
import { asSecretText, type Text } from '../../src/secrets/text.ts';

/** Whom files that a test makes belong to. */
export const me = {
  owner: userInfo().username,
  group: execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim(),
};

function bytes(input: Text | Uint8Array | undefined): string | Uint8Array {
  if (input === undefined) return '';
  return input instanceof Uint8Array ? input : asSecretText(input).reveal();
}

/** Runs a script as a host's shell would, on this machine. */
export function runHere(script: string, input?: Text | Uint8Array): ProbeAnswer {
  const { stdout, stderr, status } = spawnSync('sh', ['-c', script], {
    input: bytes(input),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    timeout: 20_000,
  });
  return { stdout, stderr, exitCode: status ?? -1 };
}

/** What an operation still has to do on this machine. */
export function pending<Observed>(operation: Operation<Observed>): readonly Change[] {
  return operation.decide(operation.probe.parse(runHere(operation.probe.script, operation.probe.input)));
}

/** Runs one change as the runner does; its exit code and what it wrote. */
export function apply(change: Change): ProbeAnswer {
  if (typeof change.input === 'function') throw new TypeError('nothing here can wait for an input');
  return runHere(`set -e\n${change.script}`, change.input);
}

/** Does what is pending, and gives back what was done. Throws where a change fails or did not make it true. */
export function converge<Observed>(operation: Operation<Observed>): readonly Change[] {
  const changes = pending(operation);
  for (const change of changes) {
    const result = apply(change);
    if (result.exitCode !== 0) throw new Error(`${change.summary}: ${result.stderr}`);
  }
  const left = pending(operation);
  if (left.length > 0) throw new Error(`still to do: ${left.map((change) => change.summary).join(', ')}`);
  return changes;
}
