import { asking } from '../asking.ts';
import { loadDeployment } from '../deployment.ts';
import { EXIT } from '../io.ts';
import { withConnections, withOutput, type ConnectionOptions, type OutputOptions } from '../options.ts';
import { printJson } from '../presentation.ts';
import { exiting, type Cli, type Register } from '../register.ts';
import { hostCalled, printSpares, spareChecks, spareLines } from '../spares.ts';

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
  const checks = await spareChecks(host, deployment);
  const { observeSpares } = await import('../../runner/spares.ts');
  const { result: systems, interrupted } = await asking(cli, deployment, options, (ask) =>
    observeSpares(checks, ask),
  );
  if (!systems || interrupted) return EXIT.interrupted;
  const ok = systems.every(({ verdict }) => verdict === 'spared');
  if (options.json) printJson(io, spareLines(name, systems));
  else await printSpares(cli, name, systems, options);
  return ok ? EXIT.ok : EXIT.refused;
}
