import { spawn } from 'node:child_process';
import { Command, Option } from 'commander';
import { inLines, measureCpu } from './cpu.ts';
import * as lab from './lab.ts';
import { findHost } from './inventory.ts';
import { sshArguments } from './keys.ts';
import { toStdout } from './progress.ts';

const EXAMPLES = `
Examples:
  npm run lab -- up                        three controllers, packages already there
  npm run lab -- up --stage bare           plain Debian: everything is still to be installed
  npm run lab -- up --fresh                the same hosts with clean disks
  npm run lab -- up my-inventory.yaml      the hosts of an inventory of your own, with OpenStack's packages where it asks for them
  npm run lab -- ssh controller1
  npm run lab -- ssh controller1 -- systemctl --failed
  npm run lab -- kill controller2          as if its power had gone; \`start\` brings it back
  npm run lab -- cut controller3           as if its cables had been pulled; \`heal\` puts them back
  npm run lab -- cpu                       what the hosts cost, by unit
  npm run lab -- down                      the lab away, and with the last one everything but the images; with --purge, those too
`;

const program = new Command('npm run lab --')
  .description('Real Debian hosts with systemd, sshd and their own addresses, as containers on this machine.')
  .addHelpText('after', EXAMPLES)
  .showHelpAfterError('(add --help for the commands and examples)');

const hostCommand = (name: string, description: string): Command =>
  program
    .command(name)
    .description(description)
    .argument('<host>', 'its name in the inventory')
    .option('-i, --inventory <file>', 'the inventory of the lab (default: the lab brought up last)');

program
  .command('up')
  .description('bring up the hosts of an inventory and wait until they are ready')
  .argument('[inventory]', 'an inventory (default: inventory/lab.yaml)')
  .addOption(
    new Option(
      '--stage <stage>',
      'what is installed on them (default: openstack if the inventory has OpenStack services, else baked)',
    ).choices(lab.STAGES),
  )
  .option('--fresh', 'with clean disks')
  .option('--replace', 'remove another lab with the same networks')
  .action(
    async (
      inventory: string | undefined,
      options: { stage?: lab.Stage; fresh?: boolean; replace?: boolean },
    ) => {
      const up = await lab.up({ ...options, ...(inventory === undefined ? {} : { inventory }) });
      toStdout(`\nlog in:    npm run lab -- ssh ${up.hosts[0]?.name ?? 'HOST'}`);
      toStdout(`deploy:    ./osha deploy ${inventory ?? 'inventory/lab.yaml'}`);
      toStdout(`remove:    npm run lab -- down ${up.name}`);
    },
  );

program
  .command('status')
  .description('show the state of each host')
  .option('-i, --inventory <file>', 'the inventory of the lab (default: the lab brought up last)')
  .action(async (options: { inventory?: string }) => {
    for (const { host, address, state } of await lab.status(options)) {
      toStdout(`${host.padEnd(20)} ${address.padEnd(16)} ${state}`);
    }
  });

hostCommand('ssh', 'log in to a host, or run a command on it (after --)')
  .argument('[command...]', 'the command to run')
  .option('--root', 'as root instead of osha')
  .action(async (name: string, command: string[], options: { inventory?: string; root?: boolean }) => {
    const host = findHost(lab.currentLab(options.inventory), name);
    const login = sshArguments(host.address, options.root ? 'root' : 'osha');
    const child = spawn('ssh', [...login, ...command], { stdio: 'inherit' });
    process.exitCode = await new Promise<number>((resolve) => {
      child.on('close', (code) => resolve(code ?? 255));
      child.on('error', () => resolve(255));
    });
  });

hostCommand('kill', 'stop a host hard').action(async (host: string, options: { inventory?: string }) => {
  await lab.kill(host, options);
  toStdout(`${host} is stopped`);
});

hostCommand('start', 'start a stopped host').action(async (host: string, options: { inventory?: string }) => {
  await lab.start(host, options);
});

hostCommand('cut', 'disconnect a host from the network').action(
  async (host: string, options: { inventory?: string }) => {
    await lab.cut(host, options);
    toStdout(`${host} is disconnected`);
  },
);

hostCommand('heal', 'reconnect a host to the network').action(
  async (host: string, options: { inventory?: string }) => {
    await lab.heal(host, options);
    toStdout(`${host} is connected`);
  },
);

program
  .command('cpu')
  .description('show the CPU use of hosts and their units')
  .option('-i, --inventory <file>', 'the inventory of the lab (default: the lab brought up last)')
  .option('-s, --seconds <n>', 'duration of the measurement', '60')
  .action(async (options: { inventory?: string; seconds: string }) => {
    for (const line of inLines(await measureCpu(Number(options.seconds), options))) toStdout(line);
  });

program
  .command('down')
  .description('remove a lab; with the last one, also everything the lab set up')
  .argument('[lab]', 'its name or inventory (default: the lab brought up last)')
  .option('--all', 'every lab')
  .option('--purge', 'every lab, and the images too')
  .action(async (which: string | undefined, options: { all?: boolean; purge?: boolean }) => {
    await lab.down({ ...options, ...(which === undefined ? {} : { lab: which }) });
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof lab.LabError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  if (error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
  process.exitCode = 1;
}
