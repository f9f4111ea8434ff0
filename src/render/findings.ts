import type { Advice, Finding } from '../playbook/operation.ts';
import { visibleBehind, visibleInLine } from '../text/visible.ts';
import type { Colors } from './output.ts';
import { table, type Cell } from './table.ts';
import { count, listOf } from './text.ts';

/** The findings and the advice of one system. */
export interface SystemFindings {
  readonly title: string;
  readonly findings: readonly Finding[];
  readonly advice: readonly Advice[];
}

/** More healthy findings on one subject than this share a row, although their evidence differs. */
const MOST_ROWS = 8;

/**
 * The health of all systems as a table, in which hosts with the same finding share a row. Below it: hints for what is
 * unhealthy, advice, and a last line with the verdict.
 */
export function findingsTable(
  systems: readonly SystemFindings[],
  options: { readonly colors: Colors; readonly width?: number },
): string {
  const { colors } = options;
  const rows = merged(systems).flatMap((system) =>
    findingRows(system.findings).map((row, index): readonly Cell[] => [
      index === 0 ? { text: system.title, style: colors.strong } : '',
      row.subject,
      listOf(row.hosts, 4),
      healthCell(row.state, colors),
      row.evidence,
    ]),
  );
  const all = systems.flatMap((system) => system.findings);
  const sick = all.filter((finding) => stateOf(finding) === 'unhealthy');
  const columns = ['system', 'what', 'host', 'health', 'evidence'].map((title) => ({ title }));
  const advice = adviceLines(systems, colors);
  const hints = hintsOf(sick).map((hint) => `${colors.hint('hint:')} ${hint}`);
  return [
    ...(rows.length > 0 ? [table(columns, rows, options), ''] : []),
    ...hints,
    ...(hints.length > 0 ? [''] : []),
    ...advice,
    ...(advice.length > 0 ? [''] : []),
    verdict(all, colors),
  ].join('\n');
}

/** `unknown` where no host could tell. */
export type HealthState = 'healthy' | 'unhealthy' | 'unknown';

function stateOf({ healthy, unknown }: Finding): HealthState {
  if (unknown) return 'unknown';
  return healthy ? 'healthy' : 'unhealthy';
}

function healthCell(state: HealthState, colors: Colors): Cell {
  switch (state) {
    case 'healthy':
      return { text: state, style: colors.good };
    case 'unhealthy':
      return { text: 'UNHEALTHY', style: colors.bad };
    case 'unknown':
      return { text: state, style: colors.hint };
  }
}

function verdict(all: readonly Finding[], colors: Colors): string {
  if (all.length === 0) {
    return 'nothing to check: no phase of this selection has health checks';
  }
  const countOf = (state: HealthState): number => all.filter((finding) => stateOf(finding) === state).length;
  const unknown = countOf('unknown') > 0 ? `, ${countOf('unknown')} unknown` : '';
  if (countOf('unhealthy') > 0) {
    return colors.bad(`unhealthy: ${countOf('unhealthy')} of ${count(all.length, 'check')}${unknown}`);
  }
  if (countOf('healthy') === 0) return colors.hint(`unknown: ${count(all.length, 'check')}`);
  return colors.good(`healthy: ${count(countOf('healthy'), 'check')}${unknown}`);
}

function adviceLines(systems: readonly SystemFindings[], colors: Colors): readonly string[] {
  const lines = systems.flatMap(({ title, advice }) =>
    advice.map(({ subject, host, evidence, hint }) => {
      const where = host === undefined ? '' : ` on ${host}`;
      const how = hint === undefined ? '' : ` (${hint})`;
      return `${colors.hint('advice:')} ${visibleInLine(`${title}: ${subject}${where}: ${evidence}${how}`)}`;
    }),
  );
  return [...new Set(lines)];
}

/** The findings of all checks of a system, joined. */
function merged(systems: readonly SystemFindings[]): readonly Omit<SystemFindings, 'advice'>[] {
  const titles = [...new Set(systems.map((system) => system.title))];
  return titles.map((title) => ({
    title,
    findings: systems.filter((system) => system.title === title).flatMap((system) => system.findings),
  }));
}

/** A finding of one or several hosts. */
export interface FindingRow {
  readonly subject: string;
  readonly state: HealthState;
  readonly evidence: string;
  readonly hosts: string[];
}

/** The findings of a system as rows, in which hosts with the same finding are joined. */
export function findingRows(findings: readonly Finding[]): readonly FindingRow[] {
  const subjects = new Map<string, FindingRow[]>();
  for (const finding of findings) {
    const { subject, host, evidence } = finding;
    const state = stateOf(finding);
    const rows = subjects.get(subject) ?? [];
    subjects.set(subject, rows);
    const row = rows.find((other) => other.state === state && other.evidence === evidence);
    if (row) row.hosts.push(...(host === undefined ? [] : [host]));
    else rows.push({ subject, state, evidence, hosts: host === undefined ? [] : [host] });
  }
  return [...subjects.values()].flatMap(withoutCrowds);
}

function withoutCrowds(rows: readonly FindingRow[]): readonly FindingRow[] {
  const healthy = rows.filter((row) => row.state === 'healthy');
  const [first] = healthy;
  if (!first || healthy.length <= MOST_ROWS) return rows;
  const crowd: FindingRow = {
    ...first,
    evidence: `${first.evidence}, and others`,
    hosts: healthy.flatMap((row) => row.hosts),
  };
  return [...rows.filter((row) => row.state !== 'healthy'), crowd];
}

function hintsOf(sick: readonly Finding[]): readonly string[] {
  const subjects = new Map<string, string[]>();
  for (const { subject, hint, host } of sick) {
    if (hint === undefined) continue;
    const key = `${visibleInLine(subject)}\0${visibleBehind(hint)}`;
    subjects.set(key, [...(subjects.get(key) ?? []), ...(host === undefined ? [] : [host])]);
  }
  return [...subjects].map(([key, hosts]) => {
    const [subject = '', hint = ''] = key.split('\0');
    return `${subject}${hosts.length > 0 ? ` on ${listOf(hosts, 4)}` : ''}: ${hint}`;
  });
}
