import type { Command } from 'commander';
import { quote } from '../../operations/shell.ts';
import type { Host } from '../../inventory/types.ts';
import type { Passwords } from '../access.ts';
import { loadDeployment, type Deployment } from '../deployment.ts';
import { UserError } from '../errors.ts';
import { EXIT, exitCodeOf } from '../io.ts';
import type { MembershipOptions, RemoveOptions } from '../membership.ts';
import {
  withConnections,
  withConsent,
  withOutput,
  type ConnectionOptions,
  type OutputOptions,
} from '../options.ts';
import { printPlan } from '../print-plan.ts';
import { exiting, type Cli, type Register } from '../register.ts';
import { demandSpare, hostCalled } from '../spares.ts';

interface DrainOptions extends OutputOptions, ConnectionOptions {
  /** Only print the steps. */
  readonly dryRun?: true;
}

export const registerHost: Register = (program, cli) => {
  const host = program
    .command('host')
    .summary('drain hosts, add, remove and replace them')
    .description('Takes a host out of service for maintenance, and changes which hosts a deployment has.')
    .addHelpText(
      'after',
      '\nExamples:\n  osha host drain inventory/lab.yaml controller1\n  osha host undrain inventory/lab.yaml controller1',
    );
  const verb = (name: string, summary: string, description: string, examples: string): Command =>
    withOutput(
      withConnections(
        host
          .command(name)
          .summary(summary)
          .description(description)
          .argument('<inventory>', 'the inventory, a YAML file')
          .argument('<host>', 'the host')
          .addHelpText('after', `\nExamples:\n${examples}`),
      ),
    );
  const membership = (command: Command): Command =>
    withConsent(command).option('--dry-run', 'only print the steps, without connecting');
  verb(
    'drain',
    'move work away from a host, for maintenance',
    'Asks every system on the host whether it can be spared, then moves its work away: resources and virtual IPs to other ' +
      'hosts, clients of its services behind HAProxy to other servers, routers and DHCP to other network hosts. Its broker ' +
      'enters maintenance mode, and Nova starts no servers on it. Exits with 5, and changes nothing, when a system needs the ' +
      'host.\n\n' +
      'Stops no service except keepalived, and does not move servers that run on it. Can be repeated.',
    '  osha host drain inventory/lab.yaml controller1\n  osha host drain inventory/lab.yaml controller1 --dry-run',
  )
    .option('--dry-run', 'only print the steps, without connecting')
    .action(
      exiting(cli, (file: string, name: string, options: DrainOptions) => drain(cli, file, name, options)),
    );
  verb(
    'undrain',
    'let a host work again',
    'Undoes a drain: the host runs resources and serves clients again. What somebody else has disabled stays disabled. Starts ' +
      'no service except keepalived (recover starts services). Can be repeated.',
    '  osha host undrain inventory/lab.yaml controller1',
  )
    .option('--dry-run', 'only print the steps, without connecting')
    .action(
      exiting(cli, (file: string, name: string, options: DrainOptions) => undrain(cli, file, name, options)),
    );
  verb(
    'add',
    'take a new host into the deployment',
    'For a host that was written into the inventory: checks that it is ready, then deploys everything, so that it joins every ' +
      'system that its roles name, and the others learn of it.',
    '  osha host add inventory/lab.yaml controller4',
  )
    .option('--dry-run', 'only print the steps, without connecting')
    .action(
      exiting(cli, async (file: string, name: string, options: MembershipOptions) => {
        const { addHost } = await import('../membership.ts');
        return addHost(cli, file, name, options);
      }),
    );
  membership(
    verb(
      'remove',
      'take a host out of every system',
      'Asks every system whether it can spare the host, drains it, stops and disables its services, removes its entry from the ' +
        'inventory, and deploys the rest with --prune, so that every system forgets it. Asks first. Exits with 5, and changes nothing, when a ' +
        'system needs the host.\n\n' +
        'Leaves the data and the packages on its disks. A host with copies of GlusterFS volumes is refused.',
      '  osha host remove inventory/lab.yaml controller3\n  osha host remove inventory/lab.yaml controller3 --dead',
    ).option('--dead', 'it is off for good, and only has to be forgotten'),
  ).action(
    exiting(cli, async (file: string, name: string, options: RemoveOptions) => {
      const { removeHost } = await import('../membership.ts');
      return removeHost(cli, file, name, options);
    }),
  );
  membership(
    withOutput(
      withConnections(
        host
          .command('replace')
          .summary('put a new host in the place of another')
          .description(
            'For a new host that was written into the inventory next to the old one: the new host joins every system, then the old ' +
              'one is removed. A dead one is forgotten first. Asks first.\n\n' +
              'A host that was reinstalled and keeps its name needs no replacement: deploy it.',
          )
          .argument('<inventory>', 'the inventory, a YAML file')
          .argument('<old>', 'the host to remove')
          .argument('<new>', 'the host that takes its place')
          .option('--dead', 'the old host is off for good, and only has to be forgotten')
          .addHelpText(
            'after',
            '\nExamples:\n  osha host replace inventory/lab.yaml controller3 controller4\n' +
              '  osha host replace inventory/lab.yaml controller3 controller4 --dead',
          ),
      ),
    ),
  ).action(
    exiting(cli, async (file: string, former: string, next: string, options: RemoveOptions) => {
      const { replaceHost } = await import('../membership.ts');
      return replaceHost(cli, file, { former, next }, options);
    }),
  );
};

async function drain(cli: Cli, file: string, name: string, options: DrainOptions): Promise<number> {
  const { deployment, host } = await loadWithHost(cli, file, name, options);
  if (options.dryRun) return carryOut(cli, deployment, 'drain', host, options);
  const { passwordsFor } = await import('../access.ts');
  const known = { ...options, passwords: await passwordsFor(cli.io, options) };
  const isSpared = await demandSpare(cli, host, deployment, { ...known, question: 'okToDrain' });
  if (isSpared === undefined) return EXIT.interrupted;
  if (!isSpared) {
    throw new UserError(`${host.name} cannot be spared: nothing was changed`, {
      hint: `start what is down: osha recover ${quote(file)}`,
      exitCode: EXIT.refused,
    });
  }
  const exitCode = await carryOut(cli, deployment, 'drain', host, known);
  if (exitCode === EXIT.ok && !options.json) {
    cli.io.stderr.write(
      `${host.name} is drained; when it is back: osha host undrain ${quote(file)} ${host.name}\n`,
    );
  }
  return exitCode;
}

async function undrain(cli: Cli, file: string, name: string, options: DrainOptions): Promise<number> {
  const { deployment, host } = await loadWithHost(cli, file, name, options);
  return carryOut(cli, deployment, 'undrain', host, options);
}

async function loadWithHost(
  { io }: Cli,
  file: string,
  name: string,
  options: OutputOptions,
): Promise<{ readonly deployment: Deployment; readonly host: Host }> {
  const deployment = await loadDeployment(io, file, { json: options.json ?? false, secrets: 'read' });
  return { deployment, host: hostCalled(name, deployment) };
}

/** Prints the steps of all systems for a host, or carries them out. Returns the exit code. */
async function carryOut(
  cli: Cli,
  deployment: Deployment,
  kind: 'drain' | 'undrain',
  host: Host,
  options: DrainOptions & { readonly passwords?: Passwords },
): Promise<number> {
  const { createPlan } = await import('../../planner/plan.ts');
  const plan = createPlan({ ...deployment, purpose: { kind, host } });
  if (options.dryRun) return printPlan(cli, plan, { ...options, resumable: false });
  if (plan.phases.length === 0) {
    cli.io.stderr.write(`no system has work to move on ${host.name}\n`);
    return EXIT.ok;
  }
  const [{ executePlan }, { passwordsFor }] = await Promise.all([
    import('../execute.ts'),
    import('../access.ts'),
  ]);
  const passwords = options.passwords ?? (await passwordsFor(cli.io, options));
  const run = { ...options, passwords, prune: false, mode: 'apply' as const };
  return exitCodeOf(await executePlan(cli, plan, deployment, run));
}
