import type { Host } from '../../inventory/types.ts';
import { SelectionError, type Selection } from '../../planner/selection.ts';
import type { Finding } from '../../playbook/operation.ts';
import type { HealthReport } from '../../runner/health.ts';
import { asking } from '../asking.ts';
import { loadDeployment, type Deployment } from '../deployment.ts';
import { EXIT } from '../io.ts';
import {
  selectionOf,
  withConnections,
  withOutput,
  withSelection,
  type ConnectionOptions,
  type OutputOptions,
  type SelectionOptions,
} from '../options.ts';
import { plainSummary, printJson } from '../presentation.ts';
import { exiting, type Cli, type Register } from '../register.ts';
import { printHealth, systemChecks, type SelectedChecks } from '../system-health.ts';

interface HealthOptions extends OutputOptions, ConnectionOptions, SelectionOptions {}

interface HealthRequest extends HealthOptions {
  /** `systems`: the deployed systems; `hosts`: whether the hosts are ready for a deployment. */
  readonly of: 'systems' | 'hosts';
}

export const registerCheck: Register = (program, cli) => {
  const command = program
    .command('check')
    .summary('check whether the hosts are ready for a deployment')
    .description(
      'Checks everything a deployment relies on: SSH and sudo, the operating system, clocks, disk and memory, ports that ' +
        'are taken, whether the virtual IPs are free, name resolution and MTU. Reads only, never changes a host. Exits with 5 ' +
        'when a check fails, with 4 when a host is unreachable.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha check inventory/lab.yaml\n  osha check inventory/lab.yaml --accept-new\n  osha check inventory/lab.yaml --limit controller2',
    );
  withOutput(withConnections(withSelection(command))).action(
    exiting(cli, (file: string, options: HealthOptions) => health(cli, file, { ...options, of: 'hosts' })),
  );
};

export const registerStatus: Register = (program, cli) => {
  const command = program
    .command('status')
    .summary('show the health of every system')
    .description(
      'Asks the systems themselves: Galera for its cluster size, RabbitMQ for its members and partitions, the hosts for the ' +
        'holder of each virtual IP. Reads only. Exits with 1 when something is unhealthy, with 4 when a host is unreachable.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha status inventory/lab.yaml\n  osha status inventory/lab.yaml --only galera --json',
    );
  withOutput(withConnections(withSelection(command))).action(
    exiting(cli, (file: string, options: HealthOptions) => health(cli, file, { ...options, of: 'systems' })),
  );
};

/** Runs the health checks of the systems, or the preflight checks of the hosts, and prints what they found. Returns the exit code. */
export async function health(cli: Cli, file: string, request: HealthRequest): Promise<number> {
  const { io } = cli;
  const started = Date.now();
  const deployment = await loadDeployment(io, file, {
    json: request.json ?? false,
    secrets: request.of === 'systems' ? 'read' : 'none',
    ...(request.of === 'hosts' ? { advice: true } : {}),
  });
  const { checks, hosts } = await (request.of === 'systems' ? systemChecks : hostChecks)(
    deployment,
    phaseSelectionOf(request),
  );
  const { observeHealth } = await import('../../runner/health.ts');
  const { result: report, interrupted } = await asking(cli, deployment, request, (options) =>
    observeHealth(hosts, checks, options),
  );
  if (!report) return EXIT.interrupted;
  if (request.json) printJson(io, jsonLines(report, hosts, Date.now() - started));
  else await printHealth(cli, report, request);
  if (interrupted) return EXIT.interrupted;
  if (report.unreachable.length > 0) return EXIT.unreachable;
  if (report.healthy) return EXIT.ok;
  return request.of === 'systems' ? EXIT.failed : EXIT.refused;
}

async function hostChecks(deployment: Deployment, selection: Selection): Promise<SelectedChecks> {
  const [{ createPlan }, { preflight }] = await Promise.all([
    import('../../planner/plan.ts'),
    import('../../preflight/preflight.ts'),
  ]);
  const plan = createPlan({ ...deployment, selection });
  const wanted = plan.phases.flatMap(({ hosts, ports }) =>
    hosts.flatMap(({ name }) =>
      ports
        .filter((use) => use.hosts?.includes(name) ?? true)
        .map(({ port, process }) => ({ host: name, port, process })),
    ),
  );
  const check = preflight(deployment.inventory, deployment.platform, wanted);
  const choosesPhases = (selection.only ?? selection.skip ?? selection.from) !== undefined;
  const used = new Set(plan.phases.flatMap(({ hosts }) => hosts.map(({ name }) => name)));
  return {
    checks: [{ system: 'hosts', title: check.title, check }],
    hosts: choosesPhases ? plan.hosts.filter(({ name }) => used.has(name)) : plan.hosts,
  };
}

/** The selection of a verb that checks whole phases. Throws `SelectionError` where it names a step. */
function phaseSelectionOf(request: HealthRequest): Selection {
  const selection = selectionOf(request);
  if (selection.from?.step === undefined) return selection;
  throw new SelectionError(
    `--from names the step "${selection.from.step}", but health is checked by phase`,
    `name only the phase: --from ${selection.from.phase}`,
  );
}

function jsonLines(report: HealthReport, hosts: readonly Host[], durationMs: number): readonly object[] {
  const findings = report.systems.flatMap((system) => system.findings);
  const unreachable = new Set(report.unreachable.map(({ host }) => host));
  return [
    ...report.systems.map((system) => ({ event: 'health', ...system })),
    plainSummary(
      hosts.map(({ name }) => {
        const own = findings.filter((finding) => finding.host === name);
        return {
          host: name,
          ok: own.filter((finding) => finding.healthy).length,
          failed: own.filter(isUnhealthy).length,
          unreachable: unreachable.has(name),
        };
      }),
      {
        durationMs,
        ok: findings.filter((finding) => finding.healthy).length,
        failed: findings.filter(isUnhealthy).length,
      },
    ),
  ];
}

function isUnhealthy({ healthy, unknown }: Finding): boolean {
  return !healthy && unknown !== true;
}
