import type { Plan } from '../planner/plan.ts';
import { beside } from '../planner/waves.ts';
import { visibleInLine } from '../text/visible.ts';
import { createColors, type Colors } from './colors.ts';
import { table } from './table.ts';
import { count, listOf } from './text.ts';

/**
 * A plan as text: its phases in order and which of them run side by side, with their steps, how each goes over its hosts,
 * and which those are.
 */
export function planTable(
  plan: Plan,
  options: { readonly colors?: Colors; readonly width?: number; readonly ids?: boolean } = {},
): string {
  const colors = options.colors ?? createColors(false);
  const phases = plan.phases.map((phase, index) => {
    const rows = phase.steps.map((step) => [
      step.step.title,
      step.strategy,
      step.hosts.length === plan.inventory.hosts.length && step.hosts.length > 3
        ? `all ${step.hosts.length}`
        : listOf(step.hosts.map((host) => host.name)),
      ...(options.ids ? [`${phase.name}:${step.id}`] : []),
    ]);
    const titles = ['step', 'strategy', 'hosts', ...(options.ids ? ['--from'] : [])];
    const others = beside(plan.waves, phase.name).map((other) => other.name);
    const together = others.length > 0 ? `, in parallel with ${listOf(others)}` : '';
    return [
      `${index + 1}. ${colors.strong(visibleInLine(phase.title))} ${colors.faint(`(${phase.name})`)}${together}`,
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
