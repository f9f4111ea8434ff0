import { Option } from 'commander';
import { positiveInteger, wholeSeconds, withLogin, withOutput } from '../options.ts';
import { exiting, type Register } from '../register.ts';
import type { SmokeRequest } from '../smoke.ts';

/** Seconds for a server to boot: without hardware support that takes a minute. */
const BOOT_SECONDS = 300;
/** Seconds for which a request is tried again: longer than a virtual IP takes to move. */
const PATIENCE_SECONDS = 90;

export const register: Register = (program, cli) => {
  const command = program
    .command('smoke')
    .summary('run an end-to-end test of the cloud')
    .description(
      'Uses the whole cloud as its administrator, through the virtual IP: logs in, uploads and downloads an image, makes a network ' +
        'with a router to the outside, a security group, a keypair and a volume type, and boots a server, which has to get its address by ' +
        'DHCP, write to its console and answer at a floating address. The guest consists of the kernel and the busybox of a compute host. ' +
        'Everything it creates has a name that begins with osha-smoke- and is removed at the end, also after a failure or Ctrl-C. ' +
        'Where this machine has no route to the virtual IP, it connects through a host by SSH. ' +
        'Exits with 1 when a part fails, with 4 when the cloud is unreachable.',
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
    exiting(cli, async (file: string, request: SmokeRequest) => {
      const { smoke } = await import('../smoke.ts');
      return smoke(cli, file, request);
    }),
  );
};
