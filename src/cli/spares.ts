import type { Host } from '../inventory/types.ts';
import type { SpareQuestion } from '../planner/purpose.ts';
import type { NamedSpareCheck, SystemSpare } from '../runner/spares.ts';
import { visibleBehind } from '../text/visible.ts';
import { suggestion } from '../yaml/nearest.ts';
import type { Deployment } from './deployment.ts';
import { UserError } from './errors.ts';
import type { Passwords } from './access.ts';
import { asking } from './asking.ts';
import type { ConnectionOptions, OutputOptions } from './options.ts';
import { printJson, tableOptions } from './presentation.ts';
import type { Cli } from './register.ts';

/** The host of the inventory with this name. Throws `UserError` for an unknown one. */
export function hostCalled(name: string, { inventory }: Pick<Deployment, 'inventory'>): Host {
  const host = inventory.hosts.find((one) => one.name === name);
  if (host) return host;
  const names = inventory.hosts.map((one) => one.name);
  throw new UserError(`${inventory.file} has no host "${name}"`, { hint: suggestion(name, names) });
}

/** The checks of all systems whether they can spare a host, or whether its work can be moved away. */
export async function spareChecks(
  host: Host,
  deployment: Deployment,
  question: SpareQuestion = 'okToStop',
): Promise<readonly NamedSpareCheck[]> {
  const { createPlan } = await import('../planner/plan.ts');
  return createPlan(deployment).phases.flatMap((phase) =>
    phase.spares(host, question).map((check) => ({ system: phase.name, title: phase.title, check })),
  );
}

/**
 * Asks all systems whether they can spare a host, and prints their verdicts where one cannot. Returns whether the host can be
 * spared; `undefined` after an interruption.
 */
export async function demandSpare(
  cli: Cli,
  host: Host,
  deployment: Deployment,
  options: OutputOptions &
    ConnectionOptions & { readonly passwords: Passwords; readonly question: SpareQuestion },
): Promise<boolean | undefined> {
  const checks = await spareChecks(host, deployment, options.question);
  const { observeSpares } = await import('../runner/spares.ts');
  const { result: systems, interrupted } = await asking(cli, deployment, options, (ask) =>
    observeSpares(checks, ask),
  );
  if (!systems || interrupted) return undefined;
  if (systems.every(({ verdict }) => verdict === 'spared')) return true;
  if (options.json) printJson(cli.io, spareLines(host.name, systems));
  else await printSpares(cli, host.name, systems, options);
  return false;
}

const WORDS = { spared: 'ok', needed: 'NEEDED', unknown: 'unknown' } as const;

/** Prints the verdicts of all systems about a host as a table, and a last line with the verdict of all. */
export async function printSpares(
  cli: Cli,
  host: string,
  systems: readonly SystemSpare[],
  options: OutputOptions,
): Promise<void> {
  const { table } = await import('../render/table.ts');
  const drawn = tableOptions(cli.io, options);
  const { colors } = drawn;
  const styles = { spared: colors.good, needed: colors.bad, unknown: colors.hint };
  const against = systems.filter(({ verdict }) => verdict !== 'spared');
  const rows = systems.map(({ title, verdict, evidence }) => [
    { text: title, style: colors.strong },
    { text: WORDS[verdict], style: styles[verdict] },
    evidence,
  ]);
  const columns = ['system', 'verdict', 'evidence'].map((title) => ({ title }));
  const hints = against.flatMap(({ title, hint }) =>
    hint === undefined ? [] : [`${colors.hint('hint:')} ${title}: ${visibleBehind(hint)}\n`],
  );
  const last =
    against.length === 0
      ? colors.good(`ok to stop: ${host}`)
      : colors.bad(`not ok to stop: ${host} (${against.map(({ system }) => system).join(', ')})`);
  const drawnTable = rows.length === 0 ? '' : `${table(columns, rows, drawn)}\n\n`;
  cli.io.stdout.write(`${drawnTable}${hints.join('')}${hints.length > 0 ? '\n' : ''}${last}\n`);
}

/** The verdicts as lines of JSON. */
export function spareLines(host: string, systems: readonly SystemSpare[]): readonly object[] {
  const ok = systems.every(({ verdict }) => verdict === 'spared');
  return [
    ...systems.map((system) => ({ event: 'spare', host, ...system })),
    { event: 'ok-to-stop', host, ok },
  ];
}
