import { expect, it } from 'vitest';
import type { Finding } from '../../src/playbook/operation.ts';
import { findingsTable } from '../../src/render/findings.ts';
import { createColors } from '../../src/render/output.ts';

const colors = createColors(false);
const on = (host: string, subject: string, healthy: boolean, evidence: string, hint?: string): Finding => ({
  host,
  subject,
  healthy,
  evidence,
  ...(hint === undefined ? {} : { hint }),
});

it('hosts with the same finding share a row, the checks of a system are one block, and hints follow', () => {
  const text = findingsTable(
    [
      {
        title: 'Galera',
        findings: [{ subject: 'size', healthy: false, evidence: '2 of 3', hint: 'osha recover' }],
        advice: [],
      },
      {
        title: 'HAProxy',
        findings: [
          on('a', 'servers', true, '3 of 3 up'),
          on('b', 'servers', false, '1 of 3 up', 'look at them'),
          on('c', 'servers', true, '3 of 3 up'),
        ],
        advice: [],
      },
      { title: 'HAProxy', findings: [on('a', 'process', true, 'runs')], advice: [] },
    ],
    { colors },
  );
  expect(text).toBe(
    [
      'SYSTEM   WHAT     HOST  HEALTH     EVIDENCE',
      'Galera   size           UNHEALTHY  2 of 3',
      'HAProxy  servers  a, c  healthy    3 of 3 up',
      '         servers  b     UNHEALTHY  1 of 3 up',
      '         process  a     healthy    runs',
      '',
      'hint: size: osha recover',
      'hint: servers on b: look at them',
      '',
      'unhealthy: 2 of 5 checks',
    ].join('\n'),
  );
});

it('hundreds of healthy hosts share a row, and an unhealthy one has its own', () => {
  const findings = Array.from({ length: 300 }, (_, index) =>
    on(`h${index}`, 'clock', index !== 7, `${index} µs off`),
  );
  const lines = findingsTable([{ title: 'Time', findings, advice: [] }], { colors }).split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[1]).toMatch(/clock +h7 +UNHEALTHY +7 µs off$/);
  expect(lines[2]).toMatch(/clock +h0, h1, h2 and 296 more +healthy +0 µs off, and others$/);
});

it('without health checks there is a message and no table', () => {
  expect(findingsTable([], { colors })).toMatch(/^nothing to check/);
});

it('advice is separate from the table, and unknown counts as neither healthy nor unhealthy', () => {
  const unknown = { healthy: false, unknown: true, evidence: 'unknown: no host answered' } as const;
  const fencing = { subject: 'fencing', evidence: 'no fence device is declared', hint: 'declare one' };
  const text = findingsTable(
    [
      {
        title: 'Pacemaker',
        findings: [on('a', 'member', true, 'online'), { subject: 'quorum', ...unknown, hint: 'wait' }],
        advice: [fencing],
      },
    ],
    { colors },
  );
  expect(text).toBe(
    [
      'SYSTEM     WHAT    HOST  HEALTH   EVIDENCE',
      'Pacemaker  member  a     healthy  online',
      '           quorum        unknown  unknown: no host answered',
      '',
      'advice: Pacemaker: fencing: no fence device is declared (declare one)',
      '',
      'healthy: 1 check, 1 unknown',
    ].join('\n'),
  );
});

it('a system with only unknown findings is not called healthy', () => {
  const findings = [{ subject: 'quorum', healthy: false, unknown: true, evidence: 'unknown' } as const];
  const lines = findingsTable([{ title: 'Pacemaker', findings, advice: [] }], { colors }).split('\n');
  expect(lines.at(-1)).toBe('unknown: 1 check');
});
