import type { Host } from '../inventory/types.ts';
import type { Finding } from '../playbook/operation.ts';
import { probeTimeoutMs } from '../playbook/limits.ts';
import { SelectionError, type Selection } from '../planner/selection.ts';
import type { HealthReport, NamedCheck } from '../runner/health.ts';
import { visibleBehind } from '../text/visible.ts';
import { loadDeployment, type Deployment } from './deployment.ts';
import { interruption } from './interruption.ts';
import { EXIT } from './io.ts';
import { selectionOf, type ConnectionOptions, type OutputOptions, type SelectionOptions } from './options.ts';
import { drawing, printJson } from './presentation.ts';
import type { Cli } from './register.ts';
import { plainSummary } from './summary.ts';

export interface HealthRequest extends OutputOptions, ConnectionOptions, SelectionOptions {
  /** `systems` asks what was deployed; `hosts` looks whether they are ready for it. */
  readonly of: 'systems' | 'hosts';
}

/** Asks and prints how the systems or the hosts are. Returns the exit code. */
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
    wholePhases(request),
  );
  const [{ observeHealth }, { accessTo }, { createMasker }, { maskDeep }, { secretsToMask }, { pasteable }] =
    await Promise.all([
      import('../runner/health.ts'),
      import('./access.ts'),
      import('../secrets/masker.ts'),
      import('../journal/mask-deep.ts'),
      import('./admission.ts'),
      import('./pasteable.ts'),
    ]);
  const { transport, passwords } = await accessTo(io, request);
  const mask = createMasker([...secretsToMask(deployment), ...passwords]);
  const stop = interruption(io, (text) => void io.stderr.write(`${text}\n`));
  let report: HealthReport;
  try {
    const found = await observeHealth(hosts, checks, {
      transport,
      forks: request.forks,
      connectTimeoutMs: request.connectTimeout * 1000,
      probeTimeoutMs: probeTimeoutMs(request.timeout * 1000),
      acceptNew: request.acceptNew ?? false,
      signal: stop.signal,
      emit: (event) => void (request.json && printJson(io, [maskDeep(event, mask)])),
    });
    report = pasteable(maskDeep(found, mask), deployment.inventory.file);
  } catch (error) {
    if (stop.asked()) return EXIT.interrupted;
    throw error;
  } finally {
    stop.release();
  }
  if (request.json) printJson(io, jsonLines(report, hosts, Date.now() - started));
  else await print(cli, report, request);
  if (stop.asked()) return EXIT.interrupted;
  if (report.unreachable.length > 0) return EXIT.unreachable;
  if (report.healthy) return EXIT.ok;
  return request.of === 'systems' ? EXIT.failed : EXIT.refused;
}

/** What is asked, and of whom: hosts that `--limit` leaves out are members of a check all the same. */
interface Questions {
  readonly checks: readonly NamedCheck[];
  /** In inventory order. */
  readonly hosts: readonly Host[];
}

async function systemChecks(deployment: Deployment, selection: Selection): Promise<Questions> {
  const { createPlan } = await import('../planner/plan.ts');
  const plan = createPlan({ ...deployment, selection });
  const limited = new Set(plan.hosts.map(({ name }) => name));
  const checks = plan.phases
    .flatMap((phase) => phase.health.map((check) => ({ system: phase.name, title: phase.title, check })))
    .filter(({ check }) => check.members.some(({ name }) => limited.has(name)));
  const members = new Set(checks.flatMap(({ check }) => check.members.map(({ name }) => name)));
  return { checks, hosts: plan.hosts.filter(({ name }) => members.has(name)) };
}

async function hostChecks(deployment: Deployment, selection: Selection): Promise<Questions> {
  const [{ createPlan }, { preflight }] = await Promise.all([
    import('../planner/plan.ts'),
    import('../preflight/preflight.ts'),
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

/** The selection of a verb that asks whole phases. Throws `SelectionError` for a step. */
function wholePhases(request: HealthRequest): Selection {
  const selection = selectionOf(request);
  if (selection.from?.step === undefined) return selection;
  throw new SelectionError(
    `--from names the step "${selection.from.step}", and steps are not asked for their health`,
    `name the phase alone: --from ${selection.from.phase}`,
  );
}

async function print(cli: Cli, report: HealthReport, options: OutputOptions): Promise<void> {
  const { findingsTable } = await import('../render/findings.ts');
  const drawn = await drawing(cli.io, options);
  const absent = report.unreachable.map(
    ({ host, message, hint }) =>
      `${drawn.colors.bad('unreachable')} ${drawn.colors.strong(host)}: ${visibleBehind(message)}` +
      (hint === undefined ? '\n' : `\n  ${drawn.colors.hint('hint:')} ${visibleBehind(hint)}\n`),
  );
  cli.io.stdout.write(
    `${absent.join('')}${absent.length > 0 ? '\n' : ''}${findingsTable(report.systems, drawn)}\n`,
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
