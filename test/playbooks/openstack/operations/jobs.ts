import type { ApiAnswer } from '../../../../playbooks/openstack/operations/api-session.ts';
import type { Change, Operation } from '../../../../src/playbook/operation.ts';
import { SecretText } from '../../../../src/secrets/text.ts';

/** The changes of an operation that asks an API, after these answers to its requests. */
export function changesAfter<Observed>(
  operation: Operation<Observed>,
  answers: readonly ApiAnswer[],
): readonly Change[] {
  const lines = [{ status: 201 }, ...answers].map((line) => `${JSON.stringify(line)}\n`);
  return operation.decide(operation.probe.parse({ stdout: lines.join(''), stderr: '', exitCode: 0 }));
}

/** The requests that a change sends to APIs. */
export function requestsOf(change: Change | undefined): readonly unknown[] {
  if (!(change?.input instanceof SecretText)) throw new TypeError('the change sends nothing to an API');
  return (JSON.parse(change.input.reveal()) as { readonly requests: readonly unknown[] }).requests;
}
