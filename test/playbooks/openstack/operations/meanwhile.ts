import { execFileSync, spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import type { Change, Operation, ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { asSecretText, type Text } from '../../../../src/secrets/text.ts';

const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });

/** `PATH` with the real Python first: a version manager's wrapper would take longer than Python itself. */
export const PATH = [dirname(python.trim()), process.env['PATH']].join(delimiter);

/** Runs a script on this machine like a host's shell, without blocking this process, which may be the server it connects to. */
export async function runMeanwhile(
  script: string,
  input: Text = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<ProbeAnswer> {
  const env = { PATH, LC_ALL: 'C', ...environment };
  const child = spawn('sh', ['-c', script], { env, timeout: 20_000 });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said.stderr += chunk));
  child.stdin.on('error', () => undefined).end(asSecretText(input).reveal());
  const exitCode = await new Promise<number>((ended) => child.on('close', (code) => ended(code ?? -1)));
  return { ...said, exitCode };
}

/** The pending changes of an operation on this machine. */
export async function pending<Observed>(operation: Operation<Observed>): Promise<readonly Change[]> {
  const { probe } = operation;
  return operation.decide(probe.parse(await runMeanwhile(probe.script, probe.input)));
}

/** Runs a change like the runner. */
export function apply({ script, input }: Change): Promise<ProbeAnswer> {
  if (typeof input === 'function' || input instanceof Uint8Array) throw new TypeError('expected a text');
  return runMeanwhile(`set -e\n${script}`, input);
}

/** Makes the pending changes one at a time and returns their summaries. Throws if one fails. */
export async function perform<Observed>(operation: Operation<Observed>): Promise<readonly string[]> {
  const changes = await pending(operation);
  for (const change of changes) {
    const { exitCode, stderr } = await apply(change);
    if (exitCode !== 0) throw new Error(`${change.summary}: ${stderr}`);
  }
  return changes.map(({ summary }) => summary);
}
