import type { Loss } from '../planner/checked-options.ts';
import { othersInWave } from '../planner/order.ts';
import type { Plan, PlannedStep } from '../planner/plan.ts';
import type { Evidence } from '../playbook/operation.ts';
import type { Prunable } from '../runner/events.ts';
import { visibleInLine } from '../text/visible.ts';
import { createColors, type Colors } from './output.ts';
import { table, type TableOptions } from './table.ts';
import { count, listOf } from './text.ts';

/**
 * A plan as text: its phases in order and which of them run in parallel; for each step its strategy and, unless
 * `resumable` is false, the argument for `--from`. Hosts are shown per phase where all of its steps have the same ones.
 */
export function planTable(
  plan: Plan,
  options: { readonly colors?: Colors; readonly width?: number; readonly resumable?: boolean } = {},
): string {
  const { resumable = true } = options;
  const colors = options.colors ?? createColors(false);
  const phases = plan.phases.map((phase, index) => {
    const hosts = phase.steps.map((step) => hostsInWords(plan, step));
    const isSame = hosts.every((words) => words === hosts[0]);
    const rows = phase.steps.map((step, at) => [
      step.step.title,
      step.strategy,
      ...(isSame ? [] : [hosts[at] ?? '']),
      ...(resumable ? [`${phase.name}:${step.id}`] : []),
    ]);
    const titles = ['step', 'strategy', ...(isSame ? [] : ['hosts']), ...(resumable ? ['--from'] : [])];
    const on = isSame && hosts[0] !== undefined ? ` on ${hosts[0]}` : '';
    const others = othersInWave(plan.waves, phase.name).map((other) => other.name);
    const together = others.length > 0 ? `, in parallel with ${listOf(others)}` : '';
    return [
      `${index + 1}. ${colors.strong(visibleInLine(phase.title))} ${colors.faint(`(${phase.name})`)}${on}${together}`,
      rows.length > 0
        ? table(
            titles.map((title) => ({ title })),
            rows,
            { colors, indent: 3, ...(options.width === undefined ? {} : { width: options.width }) },
          )
        : '   no steps',
    ].join('\n');
  });
  const steps = plan.phases.reduce((sum, phase) => sum + phase.steps.length, 0);
  const total = [
    count(plan.phases.length, 'phase'),
    count(steps, 'step'),
    `on ${count(plan.hosts.length, 'host')}`,
  ];
  return [...phases, `${total.join(', ')}; no host was contacted.`].join('\n\n');
}

function hostsInWords(plan: Plan, { hosts }: PlannedStep): string {
  const isAll = hosts.length === plan.inventory.hosts.length && hosts.length > 3;
  return isAll ? `all ${hosts.length} hosts` : listOf(hosts.map((host) => host.name));
}

/** What a run is about to remove or may lose. */
export interface AtStake {
  readonly prunable: readonly Prunable[];
  readonly losses: readonly Loss[];
  readonly evidence: readonly { readonly phase: string; readonly evidence?: Evidence }[];
}

/** What the user has to confirm, as lines; `undefined` where nothing is at stake. */
export function atStake({ prunable, losses, evidence }: AtStake, options: TableOptions): string | undefined {
  const { colors } = options;
  const removed = prunable.map(
    ({ host, phase, summary }) => `  ${host}: ${phase}: ${visibleInLine(summary)}\n`,
  );
  const lost = losses.map(({ phase, text }) => {
    const tables = evidence.flatMap((found) =>
      found.phase === phase && found.evidence
        ? [`${table(titled(found.evidence.columns), found.evidence.rows, { ...options, indent: 2 })}\n`]
        : [],
    );
    return `${colors.bad('May be lost:')} ${text}\n${tables.join('')}`;
  });
  if (removed.length === 0 && lost.length === 0) return undefined;
  return [...(removed.length > 0 ? [`${colors.bad('Will be removed:')}\n`, ...removed] : []), ...lost].join(
    '',
  );
}

function titled(columns: readonly string[]): readonly { readonly title: string }[] {
  return columns.map((title) => ({ title }));
}
