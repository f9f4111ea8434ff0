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
    .summary('use the cloud as a whole, and see whether it works')
    .description(
      'Goes through the whole cloud as its administrator, at the virtual IP: logs in, uploads and downloads an image, makes a network ' +
        'with a router to the outside, a security group, a keypair and a volume type; and boots a server, which has to get its address by ' +
        'DHCP, speak on its console and answer at a floating address. The guest is made of the kernel and the busybox of a compute host. ' +
        'Everything that it makes has a name that begins with osha-smoke-, and is removed again, also after a failure or Ctrl-C. ' +
        'Where this machine does not reach the virtual IP, it goes through a host by SSH. ' +
        'Exits with 1 when something does not work, with 4 when there is no way to the cloud.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--no-server', 'boot no server')
    .option('--image <name>', 'boot this image of the cloud instead of a guest; its console is not read')
    .option('--keep', 'leave everything that it made, to be looked at; --clean removes it later')
    .option('--clean', 'only remove what earlier runs left behind; not while another one runs')
    .addOption(
      new Option('--repeat <n>', 'do it so many times; the first failure ends it')
        .argParser(positiveInteger)
        .default(1),
    )
    .addOption(
      new Option('--timeout <seconds>', 'how long a server may take to boot')
        .argParser(wholeSeconds)
        .default(BOOT_SECONDS),
    )
    .addOption(
      new Option('--patience <seconds>', 'how long a request that gets no answer is tried again')
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
