import type { Finding } from '../playbook/operation.ts';
import type { Colors } from './colors.ts';
import { table, type Cell } from './table.ts';
import { count, listOf, printable } from './text.ts';

/** What was found of one system. */
export interface SystemFindings {
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** Beyond so many healthy answers to one question, they share a row although each is different. */
const MOST_ROWS = 8;

/**
 * The health of every system as one table, in which hosts that say the same share a row, with the hints to what is not
 * healthy below it, and a last line that says whether all is well.
 */
export function findingsTable(
  systems: readonly SystemFindings[],
  options: { readonly colors: Colors; readonly width?: number },
): string {
  const { colors } = options;
  const rows = merged(systems).flatMap((system) =>
    rowsOf(system.findings).map((row, index): readonly Cell[] => [
      index === 0 ? { text: system.title, style: colors.strong } : '',
      row.subject,
      listOf(row.hosts, 4),
      row.healthy ? { text: 'healthy', style: colors.good } : { text: 'UNHEALTHY', style: colors.bad },
      row.evidence,
    ]),
  );
  const all = systems.flatMap((system) => system.findings);
  const sick = all.filter((finding) => !finding.healthy);
  const verdict =
    all.length === 0
      ? 'there is nothing to ask about: no phase of this selection says how its health is observed'
      : sick.length === 0
        ? colors.good(`healthy: ${count(all.length, 'check')}`)
        : colors.bad(`unhealthy: ${sick.length} of ${count(all.length, 'check')}`);
  const columns = ['system', 'what', 'host', 'health', 'evidence'].map((title) => ({ title }));
  const hints = hintsOf(sick).map((hint) => `${colors.hint('hint:')} ${hint}`);
  return [
    ...(rows.length > 0 ? [table(columns, rows, options), ''] : []),
    ...hints,
    ...(hints.length > 0 ? [''] : []),
    verdict,
  ].join('\n');
}

/** Several checks of one system are one block. */
function merged(systems: readonly SystemFindings[]): readonly SystemFindings[] {
  const titles = [...new Set(systems.map((system) => system.title))];
  return titles.map((title) => ({
    title,
    findings: systems.filter((system) => system.title === title).flatMap((system) => system.findings),
  }));
}

interface Row {
  readonly subject: string;
  readonly healthy: boolean;
  readonly evidence: string;
  readonly hosts: string[];
}

function rowsOf(findings: readonly Finding[]): readonly Row[] {
  const subjects = new Map<string, Row[]>();
  for (const { subject, healthy, evidence, host } of findings) {
    const rows = subjects.get(subject) ?? [];
    subjects.set(subject, rows);
    const row = rows.find((other) => other.healthy === healthy && other.evidence === printable(evidence));
    if (row) row.hosts.push(...(host === undefined ? [] : [host]));
    else
      rows.push({ subject, healthy, evidence: printable(evidence), hosts: host === undefined ? [] : [host] });
  }
  return [...subjects.values()].flatMap(withoutCrowds);
}

function withoutCrowds(rows: readonly Row[]): readonly Row[] {
  const healthy = rows.filter((row) => row.healthy);
  const [first] = healthy;
  if (!first || healthy.length <= MOST_ROWS) return rows;
  const crowd: Row = {
    ...first,
    evidence: `${first.evidence}, and others`,
    hosts: healthy.flatMap((row) => row.hosts),
  };
  return [...rows.filter((row) => !row.healthy), crowd];
}

function hintsOf(sick: readonly Finding[]): readonly string[] {
  const subjects = new Map<string, string[]>();
  for (const { subject, hint, host } of sick) {
    if (hint === undefined) continue;
    const key = `${subject}\0${printable(hint)}`;
    subjects.set(key, [...(subjects.get(key) ?? []), ...(host === undefined ? [] : [host])]);
  }
  return [...subjects].map(([key, hosts]) => {
    const [subject = '', hint = ''] = key.split('\0');
    return `${subject}${hosts.length > 0 ? ` on ${listOf(hosts, 4)}` : ''}: ${hint}`;
  });
}
