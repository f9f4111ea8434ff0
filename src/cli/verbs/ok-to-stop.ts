import type { Host } from '../../inventory/types.ts';
import type { NamedSpareCheck, SystemSpare } from '../../runner/spares.ts';
import { visibleBehind } from '../../text/visible.ts';
import { suggestion } from '../../yaml/nearest.ts';
import { asking } from '../asking.ts';
import { loadDeployment, type Deployment } from '../deployment.ts';
import { UserError } from '../errors.ts';
import { EXIT } from '../io.ts';
import { withConnections, withOutput, type ConnectionOptions, type OutputOptions } from '../options.ts';
import { printJson, tableOptions } from '../presentation.ts';
import { exiting, type Cli, type Register } from '../register.ts';

interface OkToStopOptions extends OutputOptions, ConnectionOptions {}

export const registerOkToStop: Register = (program, cli) => {
  const command = program
    .command('ok-to-stop')
    .summary('ask whether a host can be stopped now')
    .description(
      'Asks every system on the host whether it keeps its quorum, its data and its service without it, even if the host goes ' +
        'down ungracefully. Reads only. Exits with 5 when a system needs the host, or cannot tell.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('<host>', 'the host to stop')
    .addHelpText(
      'after',
      '\nExamples:\n  osha ok-to-stop inventory/lab.yaml controller1\n  osha ok-to-stop inventory/lab.yaml controller2 --json',
    );
  withOutput(withConnections(command)).action(
    exiting(cli, (file: string, name: string, options: OkToStopOptions) =>
      okToStop(cli, file, name, options),
    ),
  );
};

/** Asks the systems on a host, and prints their verdicts. Returns the exit code. */
async function okToStop(cli: Cli, file: string, name: string, options: OkToStopOptions): Promise<number> {
  const { io } = cli;
  const deployment = await loadDeployment(io, file, { json: options.json ?? false, secrets: 'read' });
  const host = hostCalled(name, deployment);
  const checks = await checksFor(host, deployment);
  const { observeSpares } = await import('../../runner/spares.ts');
  const { result: systems, interrupted } = await asking(cli, deployment, options, (ask) =>
    observeSpares(checks, ask),
  );
  if (!systems || interrupted) return EXIT.interrupted;
  const ok = systems.every(({ verdict }) => verdict === 'spared');
  if (options.json) {
    printJson(io, [
      ...systems.map((system) => ({ event: 'spare', host: name, ...system })),
      { event: 'ok-to-stop', host: name, ok },
    ]);
  } else {
    await print(cli, name, systems, options);
  }
  return ok ? EXIT.ok : EXIT.refused;
}

/** The host of the inventory with this name. Throws `UserError` for an unknown one. */
function hostCalled(name: string, { inventory }: Deployment): Host {
  const host = inventory.hosts.find((one) => one.name === name);
  if (host) return host;
  const names = inventory.hosts.map((one) => one.name);
  throw new UserError(`${inventory.file} has no host "${name}"`, { hint: suggestion(name, names) });
}

async function checksFor(host: Host, deployment: Deployment): Promise<readonly NamedSpareCheck[]> {
  const { createPlan } = await import('../../planner/plan.ts');
  return createPlan(deployment).phases.flatMap((phase) =>
    phase.okToStop(host).map((check) => ({ system: phase.name, title: phase.title, check })),
  );
}

const WORDS = { spared: 'ok', needed: 'NEEDED', unknown: 'unknown' } as const;

async function print(
  cli: Cli,
  host: string,
  systems: readonly SystemSpare[],
  options: OutputOptions,
): Promise<void> {
  const { table } = await import('../../render/table.ts');
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
