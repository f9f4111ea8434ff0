import type { Host } from '../inventory/types.ts';
import type { Selection } from '../planner/selection.ts';
import type { HealthReport, NamedCheck } from '../runner/health.ts';
import { visibleBehind } from '../text/visible.ts';
import type { Deployment } from './deployment.ts';
import type { OutputOptions } from './options.ts';
import { tableOptions } from './presentation.ts';
import type { Cli } from './register.ts';

/** The checks to run, and the hosts to run them on. A check keeps members that `--limit` leaves out. */
export interface SelectedChecks {
  readonly checks: readonly NamedCheck[];
  /** In inventory order. */
  readonly hosts: readonly Host[];
}

/** The health checks of the selected systems. */
export async function systemChecks(deployment: Deployment, selection: Selection): Promise<SelectedChecks> {
  const { createPlan } = await import('../planner/plan.ts');
  const plan = createPlan({ ...deployment, selection });
  const limited = new Set(plan.hosts.map(({ name }) => name));
  const checks = plan.phases
    .flatMap((phase) => phase.health.map((check) => ({ system: phase.name, title: phase.title, check })))
    .filter(({ check }) => check.members.some(({ name }) => limited.has(name)));
  const members = new Set(checks.flatMap(({ check }) => check.members.map(({ name }) => name)));
  return { checks, hosts: plan.hosts.filter(({ name }) => members.has(name)) };
}

/** Prints what health checks found as a table, after the hosts that are unreachable. */
export async function printHealth(cli: Cli, report: HealthReport, options: OutputOptions): Promise<void> {
  const { findingsTable } = await import('../render/findings.ts');
  const drawn = tableOptions(cli.io, options);
  const absent = report.unreachable.map(
    ({ host, message, hint }) =>
      `${drawn.colors.bad('unreachable')} ${drawn.colors.strong(host)}: ${visibleBehind(message)}` +
      (hint === undefined ? '\n' : `\n  ${drawn.colors.hint('hint:')} ${visibleBehind(hint)}\n`),
  );
  cli.io.stdout.write(
    `${absent.join('')}${absent.length > 0 ? '\n' : ''}${findingsTable(report.systems, drawn)}\n`,
  );
}
