import type { Plan, PlannedStep } from '../planner/plan.ts';
import { visibleInLine } from '../text/visible.ts';
import { createColors, type Colors } from './colors.ts';
import { table } from './table.ts';
import { count, listOf } from './text.ts';
import { othersInWave } from '../planner/order.ts';

/**
 * A plan as text: its phases in order and which of them run in parallel, with their steps, how each goes over its hosts,
 * and what to type to begin there (`--from`). Hosts stand with the phase where all of its steps have the same.
 */
export function planTable(
  plan: Plan,
  options: { readonly colors?: Colors; readonly width?: number } = {},
): string {
  const colors = options.colors ?? createColors(false);
  const phases = plan.phases.map((phase, index) => {
    const hosts = phase.steps.map((step) => hostsInWords(plan, step));
    const isSame = hosts.every((words) => words === hosts[0]);
    const rows = phase.steps.map((step, at) => [
      step.step.title,
      step.strategy,
      ...(isSame ? [] : [hosts[at] ?? '']),
      `${phase.name}:${step.id}`,
    ]);
    const titles = ['step', 'strategy', ...(isSame ? [] : ['hosts']), '--from'];
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
