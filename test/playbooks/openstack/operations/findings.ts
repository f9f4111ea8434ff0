import type { Finding } from '../../../../src/playbook/operation.ts';

/** Findings as short lines. */
export function linesOf(findings: readonly Finding[]): readonly string[] {
  return findings.map(
    ({ subject, host, healthy, evidence }) =>
      `${healthy ? '' : 'BAD '}${subject}${host === undefined ? '' : ` on ${host}`}: ${evidence}`,
  );
}
