import { InvalidArgumentError, Option } from 'commander';
import { dirname, resolve } from 'node:path';
import type { DrillOptions } from '../../drill/drill.ts';
import type { TakeAway } from '../../drill/take-away.ts';
import { quote } from '../../operations/shell.ts';
import { probeTimeoutMs } from '../../playbook/limits.ts';
import type { DrillService, DrillWrites } from '../../playbook/drill.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import type { Answer } from '../../playbook/operation.ts';
import type { AskOptions } from '../../runner/answers.ts';
import type { NamedSpareCheck } from '../../runner/spares.ts';
import type { Passwords } from '../access.ts';
import { asking } from '../asking.ts';
import { loadDeployment, type Deployment } from '../deployment.ts';
import { UserError } from '../errors.ts';
import { EXIT, exitCodeOf, type Io } from '../io.ts';
import {
  positiveInteger,
  wholeSeconds,
  withConnections,
  withConsent,
  withOutput,
  type ConnectionOptions,
  type ConsentOptions,
  type OutputOptions,
} from '../options.ts';
import { printJson } from '../presentation.ts';
import { exiting, type Cli, type Register } from '../register.ts';
import { hostCalled, printSpares, spareChecks, spareLines } from '../spares.ts';
import { printHealth, systemChecks, type SelectedChecks } from '../system-health.ts';

/** Samples a second, of each service and host. */
const RATE = 4;
/** Seconds for which a command keeps the host away: longer than any takeover. */
const AWAY_SECONDS = 60;
/** Seconds for a server to boot, and for its databases to catch up. */
const WITHIN_SECONDS = 900;
/** Samples a second that a host and its services easily bear. */
const MOST_SAMPLES = 50;

interface DrillRequest extends OutputOptions, ConnectionOptions, ConsentOptions {
  readonly kill: string;
  readonly stopCommand?: string;
  readonly startCommand?: string;
  readonly graceful?: true;
  /** Seconds. */
  readonly away: number;
  /** Seconds. */
  readonly within: number;
  /** Seconds. */
  readonly maxDowntime?: number;
  readonly rate: number;
  readonly probeFrom?: readonly string[];
}

export const registerDrill: Register = (program, cli) => {
  const command = program
    .command('drill')
    .summary('take a host away and measure what clients notice')
    .description(
      'An availability test. Checks that every system is healthy and can spare the host, asks, takes the host away, and waits ' +
        'until it is back and everything is healthy. Meanwhile two other hosts try every virtual IP and every service behind ' +
        'HAProxy several times a second, and write rows to the database through its virtual IP. At the end it reports the ' +
        'outages, and counts the acknowledged rows on every member. Exits with 0 if nothing is lost and everything is healthy, ' +
        'with 1 otherwise, with 5 if the host cannot be spared.\n\n' +
        'The host is reset hard by its own kernel, unless the inventory (drill: stop_command, start_command) or the options ' +
        'name commands of this machine for it, such as ipmitool or virsh: they run by sh -c, with the name of the host in ' +
        '$OSHA_HOST. No other verb runs them. Everything written is removed at the end, also after Ctrl-C, and a host that was ' +
        'stopped by a command is started. Does not move work away first, and repairs nothing.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .requiredOption('--kill <host>', 'the host to take away')
    .option('--stop-command <command>', 'command of this machine that takes it away')
    .option(
      '--start-command <command>',
      'command of this machine that starts it again; without one, it has to start by itself',
    )
    .addOption(
      new Option(
        '--graceful',
        'reboot the host in an orderly way, without commands of this machine',
      ).conflicts(['stopCommand', 'startCommand']),
    )
    .addOption(
      new Option('--away <seconds>', 'how long the host stays away, where a command starts it')
        .argParser(wholeSeconds)
        .default(AWAY_SECONDS),
    )
    .addOption(
      new Option(
        '--within <seconds>',
        'time limit for the host to be back, and again for everything to be healthy',
      )
        .argParser(wholeSeconds)
        .default(WITHIN_SECONDS),
    )
    .addOption(
      new Option('--max-downtime <seconds>', 'fail if a service is away for longer').argParser(wholeSeconds),
    )
    .addOption(
      new Option('--rate <n>', 'samples a second, of each service and host').argParser(rate).default(RATE),
    )
    .addOption(
      new Option(
        '--probe-from <host,...>',
        'hosts that measure; default: two that hold no virtual IP, if possible',
      ).argParser((value: string) => value.split(',')),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha drill inventory/lab.yaml --kill controller1\n  osha drill inventory/lab.yaml --kill controller1 --yes --max-downtime 30 --json\n' +
        "  osha drill inventory/lab.yaml --kill controller2 --stop-command 'ipmitool -H bmc-$OSHA_HOST power reset'",
    );
  withOutput(withConnections(withConsent(command))).action(
    exiting(cli, (file: string, request: DrillRequest) => drill(cli, file, request)),
  );
};

/** Checks that a host can be spared, asks, takes it away and measures. Returns the exit code. */
async function drill(cli: Cli, file: string, request: DrillRequest): Promise<number> {
  const { io } = cli;
  const deployment = await loadDeployment(io, file, { json: request.json ?? false, secrets: 'read' });
  const { inventory } = deployment;
  const victim = hostCalled(request.kill, deployment);
  const way = wayOf(request, inventory, io);
  const named = request.probeFrom && [
    ...new Set(request.probeFrom.map((name) => hostCalled(name, deployment))),
  ];
  if (named?.includes(victim)) {
    throw new UserError(`--probe-from: ${victim.name} is the host that is taken away`, {
      hint: 'name other hosts',
    });
  }
  const [{ passwordsFor }, { confirmer }, checks, health] = await Promise.all([
    import('../access.ts'),
    import('../ask.ts'),
    spareChecks(victim, deployment),
    systemChecks(deployment, {}),
  ]);
  const confirm = request.yes ? undefined : confirmer(cli, 'drill');
  const passwords = await passwordsFor(io, request);
  const known = { ...request, passwords };
  const exitCode = await refusal(cli, { victim, deployment, checks, health }, known);
  if (exitCode !== undefined) return exitCode;
  const candidates = named ?? inventory.hosts.filter((host) => host !== victim);
  const observers = await observersFor(
    cli,
    { victim, way, candidates, named: named !== undefined },
    deployment,
    known,
  );
  if (!observers) return EXIT.interrupted;
  const { services, writes } = await drillOf(deployment);
  await confirm?.(await questionFor(victim, way, services, writes, observers));
  return carryOut(cli, deployment, { victim, way, observers, services, writes, checks, health }, known);
}

type KnownRequest = DrillRequest & { readonly passwords: Passwords };

/** How the host is taken away: as the options say, else as the inventory says, else by its own kernel. */
function wayOf(request: DrillRequest, { file, drill }: Inventory, io: Io): TakeAway {
  const { stopCommand, startCommand, graceful } = request;
  if (startCommand !== undefined && stopCommand === undefined) {
    throw new UserError('--start-command needs --stop-command', {
      hint: 'without both, the commands of the inventory apply, else the host is reset by its own kernel',
    });
  }
  if (graceful) return { kind: 'reboot' };
  if (stopCommand !== undefined) {
    return { kind: 'commands', stop: stopCommand, start: startCommand, cwd: io.cwd };
  }
  if (drill?.stop === undefined) return { kind: 'reset' };
  return { kind: 'commands', stop: drill.stop, start: drill.start, cwd: dirname(resolve(io.cwd, file)) };
}

interface Question {
  readonly victim: Host;
  readonly deployment: Deployment;
  readonly checks: readonly NamedSpareCheck[];
  readonly health: SelectedChecks;
}

/** Prints why the host cannot be taken away now. Returns the exit code, or `undefined` where nothing is against it. */
async function refusal(
  cli: Cli,
  { victim, deployment, checks, health }: Question,
  request: KnownRequest,
): Promise<number | undefined> {
  const [{ observeHealth }, { observeSpares }] = await Promise.all([
    import('../../runner/health.ts'),
    import('../../runner/spares.ts'),
  ]);
  const healthy = await asking(cli, deployment, request, (ask) =>
    observeHealth(health.hosts, health.checks, ask),
  );
  if (!healthy.result || healthy.interrupted) return EXIT.interrupted;
  const spares = await asking(cli, deployment, request, (ask) => observeSpares(checks, ask));
  if (!spares.result || spares.interrupted) return EXIT.interrupted;
  const { result: report } = healthy;
  const { result: systems } = spares;
  const isSpared = systems.every(({ verdict }) => verdict === 'spared');
  if (report.healthy && isSpared) return undefined;
  if (request.json) {
    const findings = report.systems.map((system) => ({ event: 'health', ...system }));
    printJson(cli.io, [...(report.healthy ? [] : findings), ...spareLines(victim.name, systems)]);
  } else {
    if (!report.healthy) await printHealth(cli, report, request);
    if (!isSpared) await printSpares(cli, victim.name, systems, request);
  }
  throw new UserError(
    isSpared
      ? 'not everything is healthy: nothing was stopped'
      : `${victim.name} cannot be spared: nothing was stopped`,
    { hint: `start what is down: osha recover ${quote(deployment.inventory.file)}`, exitCode: EXIT.refused },
  );
}

/** The hosts that measure. `undefined` after an interruption; throws `UserError` where the drill cannot be carried out. */
async function observersFor(
  cli: Cli,
  wanted: {
    readonly victim: Host;
    readonly way: TakeAway;
    readonly candidates: readonly Host[];
    readonly named: boolean;
  },
  deployment: Deployment,
  request: KnownRequest,
): Promise<readonly Host[] | undefined> {
  const { victim, way, candidates, named } = wanted;
  const [{ askHosts }, { canMeasure, observersOf, resettable }] = await Promise.all([
    import('../../runner/answers.ts'),
    import('../../drill/take-away.ts'),
  ]);
  const measuring = await asking(cli, deployment, request, (ask) =>
    askHosts(candidates, () => canMeasure, ask),
  );
  if (!measuring.result || measuring.interrupted) return undefined;
  if (way.kind !== 'commands') {
    const answers = await asking(cli, deployment, request, async (ask) =>
      [...(await askHosts([victim], () => resettable, ask)).values()].slice(0, 1),
    );
    const [answer] = answers.result ?? [];
    if (!answer || answers.interrupted) return undefined;
    demandResettable(victim, way, answer);
  }
  const reasons = new Map(candidates.map(({ name }) => [name, whyBlind(measuring.result?.get(name))]));
  const able = candidates.filter(({ name }) => reasons.get(name) === undefined);
  const unable = [...reasons].flatMap(([name, why]) => (why === undefined ? [] : [`${name}: ${why}`]));
  if (able.length === 0 || (named && unable.length > 0)) {
    throw new UserError(
      `cannot measure: ${unable.length > 0 ? unable.join('; ') : 'there is no other host'}`,
      {
        hint: 'install python3 there, or measure from other hosts: --probe-from HOST,HOST',
        exitCode: EXIT.refused,
      },
    );
  }
  const holders = deployment.inventory.vips.flatMap((vip) => vip.holders);
  const observers = named ? able : observersOf(able, holders);
  if (observers.length === 1 && holders.includes(observers[0]?.name ?? '')) {
    cli.io.stderr.write(
      `warning: only ${observers[0]?.name ?? ''} measures, and it can hold a virtual IP, which it reaches without the network\n`,
    );
  }
  return observers;
}

/** Why a host cannot measure; `undefined` if it can. */
function whyBlind(answer: Answer<boolean> | undefined): string | undefined {
  if (answer?.reachable !== true) return answer?.reason ?? 'no answer';
  return answer.observed ? undefined : 'python3 is not installed';
}

/** Throws `UserError` where the host cannot reset or reboot itself. */
function demandResettable(victim: Host, way: TakeAway, answer: Answer<string | undefined>): void {
  if (!answer.reachable) {
    throw new UserError(`${victim.name}: ${answer.reason}`, { exitCode: EXIT.unreachable });
  }
  if (answer.observed === undefined) return;
  throw new UserError(
    `${victim.name} cannot ${way.kind === 'reset' ? 'reset' : 'reboot'} itself: ${answer.observed}`,
    {
      hint: 'name commands of this machine: --stop-command COMMAND --start-command COMMAND, or drill: in the inventory',
      exitCode: EXIT.refused,
    },
  );
}

/** What is measured: what the systems declare, and the virtual IPs on which no system declares anything. */
async function drillOf(
  deployment: Deployment,
): Promise<{ readonly services: readonly DrillService[]; readonly writes: readonly DrillWrites[] }> {
  const { createPlan } = await import('../../planner/plan.ts');
  const { unclaimedAddresses } = await import('../../drill/services.ts');
  const declared = createPlan(deployment).phases.map(({ drill: own }) => own);
  const services = declared.flatMap((own) => own.services ?? []);
  return {
    services: [...services, ...unclaimedAddresses(deployment.inventory, services)],
    writes: declared.flatMap((own) => own.writes ?? []),
  };
}

async function questionFor(
  victim: Host,
  way: TakeAway,
  services: readonly DrillService[],
  writes: readonly DrillWrites[],
  observers: readonly Host[],
): Promise<string> {
  const { inWords } = await import('../../drill/take-away.ts');
  const from = observers.map(({ name }) => name).join(', ');
  const measured =
    services.length === 0
      ? 'No service is measured: there is no virtual IP.\n'
      : `Measured from ${from}: ${services.map(({ name }) => name).join(', ')}.\n`;
  const written = writes.map(({ what, container }) => `Test data: ${what}, in ${container}.\n`);
  return `This takes ${victim.name} away, ${inWords(way)}\n${measured}${written.join('')}`;
}

type Prepared = Pick<DrillOptions, 'victim' | 'way' | 'observers' | 'services' | 'writes'> &
  Pick<Question, 'checks' | 'health'>;

async function carryOut(
  cli: Cli,
  deployment: Deployment,
  prepared: Prepared,
  request: KnownRequest,
): Promise<number> {
  const { io } = cli;
  const { checks, health, ...what } = prepared;
  const [run, { recordRun }, { accessWith }, { createMasker }, { secretsToMask }, { observeHealth }, spares] =
    await Promise.all([
      import('../../drill/drill.ts'),
      import('../execute.ts'),
      import('../access.ts'),
      import('../../secrets/masker.ts'),
      import('../admission.ts'),
      import('../../runner/health.ts'),
      import('../../runner/spares.ts'),
    ]);
  const password = run.newPassword();
  const begun = new Set<string>();
  const { transport, passwords } = await accessWith(io, request.passwords, request);
  const connecting = { timeoutMs: request.connectTimeout * 1000, acceptNew: request.acceptNew ?? false };
  // Each question closes its transport.
  const askingWith = async (signal: AbortSignal): Promise<AskOptions> => ({
    transport: (await accessWith(io, request.passwords, request)).transport,
    forks: request.forks,
    connectTimeoutMs: connecting.timeoutMs,
    probeTimeoutMs: probeTimeoutMs(request.timeout * 1000),
    acceptNew: connecting.acceptNew,
    signal,
    emit: () => undefined,
  });
  const shown = {
    inventoryFile: deployment.inventory.file,
    mask: createMasker([...secretsToMask(deployment), ...passwords, password]),
    lastWords: () => leftBehind(begun),
  };
  try {
    const summary = await recordRun(cli, shown, request, ({ signal, emit }) =>
      run.drill({
        ...what,
        password,
        everyMs: Math.round(1000 / request.rate),
        awayMs: request.away * 1000,
        withinMs: request.within * 1000,
        maxDowntimeMs: request.maxDowntime === undefined ? undefined : request.maxDowntime * 1000,
        timeoutMs: request.timeout * 1000,
        connect: (host, during) => transport.connect(host, { ...connecting, signal: during }),
        health: async (during) => observeHealth(health.hosts, health.checks, await askingWith(during)),
        whyNeeded: async (during) =>
          spares.whyNeeded(await spares.observeSpares(checks, await askingWith(during))),
        env: io.env,
        begun,
        command: cli.command,
        inventory: deployment.inventory.file,
        signal,
        emit,
      }),
    );
    return exitCodeOf(summary);
  } finally {
    await transport.close();
  }
}

/** What a second Ctrl-C prints: what has to be put right by hand. */
function leftBehind(begun: ReadonlySet<string>): string {
  if (begun.size === 0) return 'nothing is left behind';
  return `left behind:\n${[...begun].map((entry) => `  ${entry}\n`).join('')}`;
}

/** The argument of `--rate`. */
function rate(value: string): number {
  const number = positiveInteger(value);
  if (number <= MOST_SAMPLES) return number;
  throw new InvalidArgumentError(`Expected at most ${MOST_SAMPLES}.`);
}
