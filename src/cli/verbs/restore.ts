import { resolve } from 'node:path';
import type { Identities } from '../../backup/file.ts';
import type { EventSink } from '../../runner/events.ts';
import type { RunSummary } from '../../runner/run-plan.ts';
import type { Host } from '../../inventory/types.ts';
import type { Plan } from '../../planner/plan.ts';
import type { ExecuteOptions } from '../execute.ts';
import type { Deployment } from '../deployment.ts';
import { loadDeployment } from '../deployment.ts';
import { asking } from '../asking.ts';
import { readNamedFile, UserError } from '../errors.ts';
import { EXIT, exitCodeOf } from '../io.ts';
import {
  withConnections,
  withConsent,
  withOutput,
  type ConnectionOptions,
  type ConsentOptions,
  type OutputOptions,
} from '../options.ts';
import { exiting, type Cli, type Register } from '../register.ts';
import { backupOf, hostsOf, lockOwner } from './backup.ts';

interface RestoreRequest extends OutputOptions, ConnectionOptions, ConsentOptions {
  readonly identity?: string;
  readonly replace?: true;
  readonly fromDeployment?: string;
}

export const registerRestore: Register = (program, cli) => {
  const command = program
    .command('restore')
    .summary('restore the database from a backup')
    .description(
      'Checks the whole file and every member, copies the backup to one member and prepares it there. Only then stops all members, ' +
        'moves their data aside, puts the backup in its place, forms the cluster from it and lets the others copy it. Clients are let ' +
        'in once every table has been checked and has as many rows as the backup says, on every member; otherwise lists what differs ' +
        'and exits with 1. After an interruption, run the same command again: it continues.\n\n' +
        'Refuses (exit 5), before anything is stopped, if a member does not answer, if there are databases and not --replace, and ' +
        'for a backup that is damaged, of another deployment or of another series of MariaDB. Deletes nothing. Accounts and ' +
        'passwords are those of the backup: run osha deploy afterwards, which sets them as the secrets say.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('<file>', 'the backup, as osha backup wrote it')
    .option('--identity <file>', 'the file with the age identity, for an encrypted backup')
    .option('--replace', 'move existing databases aside; asks first')
    .option('--from-deployment <name>', 'the deployment that the backup is of; default: this one')
    .addHelpText(
      'after',
      '\nExamples:\n  osha restore inventory/lab.yaml lab-20260801-120000Z.osha-backup\n' +
        '  osha restore inventory/lab.yaml lab-20260801-120000Z.osha-backup --replace --yes\n' +
        '  osha restore inventory/lab.yaml site.osha-backup --from-deployment site --identity key.txt',
    );
  withOutput(withConnections(withConsent(command))).action(
    exiting(cli, (inventory: string, file: string, request: RestoreRequest) =>
      restoreFrom(cli, inventory, file, request),
    ),
  );
};

/** Restores the database. Returns the exit code. */
async function restoreFrom(
  cli: Cli,
  inventoryFile: string,
  shown: string,
  request: RestoreRequest,
): Promise<number> {
  const { io } = cli;
  const deployment = await loadDeployment(io, inventoryFile, {
    json: request.json ?? false,
    secrets: 'read',
  });
  const { inventory } = deployment;
  const { system, backup } = await backupOf(deployment);
  const file = resolve(io.cwd, shown);
  const [{ readHeader }, { restore }, { recordRun }, { passwordsFor }, { confirmer }] = await Promise.all([
    import('../../backup/file.ts'),
    import('../../backup/restore.ts'),
    import('../execute.ts'),
    import('../access.ts'),
    import('../ask.ts'),
  ]);
  const identities = await identitiesOf(cli, request.identity);
  const header = await readHeader(file, identities);
  const wanted = request.fromDeployment ?? inventory.name;
  if (header.deployment !== wanted) {
    throw new UserError(`${shown} is a backup of the deployment ${header.deployment}, not of ${wanted}`, {
      hint: `if that is intended: --from-deployment ${header.deployment}`,
      exitCode: EXIT.refused,
    });
  }
  if (header.system !== system) {
    throw new UserError(`${shown} is a backup of ${header.system}, which this inventory does not have`);
  }
  const confirm = request.replace && !request.yes ? confirmer(cli, 'restore') : undefined;
  const passwords = await passwordsFor(io, request);
  const { mask, ...hosts } = await hostsOf(io, deployment, backup, request, passwords);
  try {
    if (confirm) {
      const asked = await asking(cli, deployment, { ...request, passwords }, ({ signal }) =>
        hosts.observe(signal),
      );
      if (!asked.result || asked.interrupted) return EXIT.interrupted;
      // The identity of an attempt that was interrupted is not known before the file was read.
      const found = backup.judgeRestore(asked.result, {
        id: '',
        version: header.version,
        dataBytes: 0,
        replace: true,
      });
      if (found.verdict === 'restore') {
        await confirm(
          `The database is stopped on every member, and gets the data of ${header.member} of ${header.time}.\n` +
            found.replaces.map((what) => `Moved aside: ${what}\n`).join(''),
        );
      }
    }
    const run = {
      inventoryFile: inventory.file,
      mask,
      lastWords: () => 'run the same command again to continue',
    };
    const summary = await recordRun(cli, run, request, ({ signal, emit, id }) =>
      restore({
        backup,
        system,
        file,
        identities,
        deployment: wanted,
        replace: request.replace ?? false,
        connect: hosts.connect,
        observe: hosts.observe,
        form: (member, during, sink) =>
          form(cli, deployment, { system, member, id }, { ...request, passwords }, during, sink),
        lockOwner: lockOwner(id),
        command: cli.command,
        inventory: inventory.file,
        signal,
        emit,
      }),
    );
    return exitCodeOf(summary);
  } finally {
    await hosts.transport.close();
  }
}

/** The run that forms the cluster, with its decisions: the recovery of the system, without the step that lets clients in. */
async function form(
  cli: Cli,
  deployment: Deployment,
  from: { readonly system: string; readonly member: Host; readonly id: string | undefined },
  options: ExecuteOptions,
  signal: AbortSignal,
  emit: EventSink,
): Promise<RunSummary> {
  const [{ createPlan }, { runPlan }, { prepareRun }] = await Promise.all([
    import('../../planner/plan.ts'),
    import('../../runner/run-plan.ts'),
    import('../execute.ts'),
  ]);
  const { backup } = await backupOf(deployment);
  const { restore: scripts } = backup;
  const plan = createPlan({
    ...deployment,
    selection: { only: [from.system] },
    options: scripts.formOptions(from.member.name),
    purpose: { kind: 'recover' },
  });
  const phases = plan.phases.map((phase) => ({
    ...phase,
    steps: phase.steps.filter(({ step }) => step.title !== scripts.opens),
  }));
  const forming: Plan = {
    ...plan,
    phases,
    waves: phases.map((phase) => [phase]),
    hosts: plan.hosts.filter((host) => phases.some(({ hosts }) => hosts.includes(host))),
  };
  const { settings } = await prepareRun(cli, forming, deployment, options);
  return runPlan(forming, {
    ...settings,
    mode: 'apply',
    prune: false,
    lockOwner: lockOwner(from.id),
    signal,
    emit: (event) => {
      // They are those of the whole restore.
      if (event.event !== 'run-started' && event.event !== 'summary') emit(event);
    },
  });
}

/** The identities in a file, or in the one that the environment names for the secrets. */
async function identitiesOf({ io }: Cli, file: string | undefined): Promise<Identities> {
  if (file === undefined) {
    const { keyring } = await import('../keyring.ts');
    const key = await keyring(io).identity();
    return key && 'identities' in key ? key.identities : [];
  }
  const { identitiesIn } = await import('../../secrets/seal.ts');
  return identitiesIn(readNamedFile(resolve(io.cwd, file)));
}
