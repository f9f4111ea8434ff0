import { execFileSync, spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import type { Change, Operation, ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { asSecretText, type Text } from '../../../../src/secrets/text.ts';

const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });

/** `PATH`, in which Python itself comes first: what chooses among several Pythons takes longer than it does. */
export const PATH = [dirname(python.trim()), process.env['PATH']].join(delimiter);

/** Runs a script as a host's shell would, on this machine, while this process goes on: it may be what the script asks. */
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

/** What an operation still has to do on this machine. */
export async function pending<Observed>(operation: Operation<Observed>): Promise<readonly Change[]> {
  const { probe } = operation;
  return operation.decide(probe.parse(await runMeanwhile(probe.script, probe.input)));
}

/** Runs one change as the runner does. */
export function apply({ script, input }: Change): Promise<ProbeAnswer> {
  if (typeof input === 'function' || input instanceof Uint8Array) throw new TypeError('expected a text');
  return runMeanwhile(`set -e\n${script}`, input);
}

/** Does what is pending, one after another, and gives back what was done. Throws where a change fails. */
export async function perform<Observed>(operation: Operation<Observed>): Promise<readonly string[]> {
  const changes = await pending(operation);
  for (const change of changes) {
    const { exitCode, stderr } = await apply(change);
    if (exitCode !== 0) throw new Error(`${change.summary}: ${stderr}`);
  }
  return changes.map(({ summary }) => summary);
}
