import { Option } from 'commander';
import { exitCodeOf } from '../io.ts';
import {
  positiveInteger,
  wholeSeconds,
  withLogin,
  withOutput,
  type LoginOptions,
  type OutputOptions,
} from '../options.ts';
import { exiting, type Cli, type Register } from '../register.ts';

/** Seconds for a server to boot: a minute without hardware virtualization. */
const BOOT_SECONDS = 300;
/** Seconds to retry a request: longer than a virtual IP takes to move. */
const PATIENCE_SECONDS = 90;
/** Milliseconds for removing everything that a round created. */
const REMOVED_WITHIN_MS = 300_000;

interface SmokeRequest extends OutputOptions, LoginOptions {
  /** False with `--no-server`. */
  readonly server: boolean;
  readonly image?: string;
  readonly clean?: true;
  readonly keep?: true;
  readonly repeat: number;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly patience: number;
}

export const registerSmoke: Register = (program, cli) => {
  const command = program
    .command('smoke')
    .summary('run an end-to-end test of the cloud')
    .description(
      'Uses the whole cloud as its administrator, through the virtual IP: logs in, uploads and downloads an image, makes a network ' +
        'with a router to the outside, a security group, a keypair and a volume type, and boots a server, which has to get its address by ' +
        'DHCP, write to its console and answer at a floating address. The guest consists of the kernel and the busybox of a compute host. ' +
        'Everything it creates has a name that begins with osha-smoke- and is removed at the end, also after a failure or Ctrl-C. ' +
        'Where this machine has no route to the virtual IP, it connects through a host by SSH. ' +
        'Exits with 1 when a step fails, with 4 when the cloud is unreachable.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--no-server', 'do not boot a server')
    .option('--image <name>', 'boot this image of the cloud instead of the built-in guest; skip its console')
    .option('--keep', 'keep everything it created, for inspection; --clean removes it later')
    .option('--clean', 'only remove what earlier runs left behind; not while another run is active')
    .addOption(
      new Option('--repeat <n>', 'number of rounds; the first failure ends the test')
        .argParser(positiveInteger)
        .default(1),
    )
    .addOption(
      new Option('--timeout <seconds>', 'time limit for a server to boot')
        .argParser(wholeSeconds)
        .default(BOOT_SECONDS),
    )
    .addOption(
      new Option('--patience <seconds>', 'how long to retry a request that gets no answer')
        .argParser(wholeSeconds)
        .default(PATIENCE_SECONDS),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha smoke inventory/lab-openstack.yaml\n  osha smoke inventory/lab-openstack.yaml --no-server --repeat 10\n' +
        '  osha smoke prod/inventory.yaml --image debian-12 --json | tail -1\n  osha smoke prod/inventory.yaml --clean',
    );
  withOutput(withLogin(command)).action(
    exiting(cli, (file: string, request: SmokeRequest) => smoke(cli, file, request)),
  );
};

/** Runs an end-to-end test of the cloud, shows it and records it. Returns the exit code. */
async function smoke(cli: Cli, file: string, request: SmokeRequest): Promise<number> {
  const { io } = cli;
  const [{ cloudOf, loadCloud }, { recordRun }] = await Promise.all([
    import('../cloud.ts'),
    import('../execute.ts'),
  ]);
  const inventory = await loadCloud(io, file, { json: request.json ?? false });
  const [{ Hosts }, { smokeTest, cleanCloud }, { accessTo }, { createMasker }] = await Promise.all([
    import('../../cloud/dial.ts'),
    import('../../cloud/smoke/smoke.ts'),
    import('../access.ts'),
    import('../../secrets/masker.ts'),
  ]);
  const { transport, passwords } = await accessTo(io, request);
  const hosts = new Hosts(transport, {
    timeoutMs: request.connectTimeout * 1000,
    acceptNew: request.acceptNew ?? false,
  });
  const begun = new Set<string>();
  const run = {
    inventoryFile: inventory.deployment.inventory.file,
    mask: createMasker([...Object.values(inventory.secrets), ...passwords]),
    lastWords: () => leftBehind([...begun], file),
  };
  try {
    const summary = await recordRun(cli, run, request, ({ signal, emit }) => {
      const options = {
        cloud: cloudOf(inventory),
        hosts,
        begun,
        patienceMs: request.patience * 1000,
        removalMs: REMOVED_WITHIN_MS,
        command: cli.command,
        inventory: file,
        signal,
        emit,
      };
      return request.clean
        ? cleanCloud(options)
        : smokeTest({
            ...options,
            rounds: request.repeat,
            server: request.server,
            image: request.image,
            keep: request.keep,
            bootMs: request.timeout * 1000,
          });
    });
    return exitCodeOf(summary);
  } finally {
    await hosts.close();
  }
}

/** What a second Ctrl-C prints: the resources that are not removed. */
function leftBehind(begun: readonly string[], file: string): string {
  if (begun.length === 0) return 'nothing is left behind';
  return `left behind:\n${begun.map((entry) => `  ${entry}\n`).join('')}hint: osha smoke ${file} --clean`;
}
