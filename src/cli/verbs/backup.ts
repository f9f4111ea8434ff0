import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Connect } from '../../backup/on-member.ts';
import { quote } from '../../operations/shell.ts';
import type { Backup } from '../../playbook/backup.ts';
import { probeTimeoutMs } from '../../playbook/limits.ts';
import type { Answers } from '../../playbook/operation.ts';
import type { Transport } from '../../transport/session.ts';
import type { Access, Passwords } from '../access.ts';
import { loadDeployment, type Deployment } from '../deployment.ts';
import { UserError } from '../errors.ts';
import { exitCodeOf, type Io } from '../io.ts';
import { withConnections, withOutput, type ConnectionOptions, type OutputOptions } from '../options.ts';
import { exiting, type Cli, type Register } from '../register.ts';
import { hostCalled } from '../spares.ts';

interface BackupRequest extends OutputOptions, ConnectionOptions {
  readonly from?: string;
  readonly out?: string;
  readonly recipient?: readonly string[];
}

export const registerBackup: Register = (program, cli) => {
  const command = program
    .command('backup')
    .summary('back up the database into a file')
    .description(
      'Copies the database of one member into a file on this machine, while the other members serve clients. The member is taken ' +
        'out of rotation and held still meanwhile, so that the file also has the exact number of rows of every table; then it catches ' +
        'up, also after a failure or Ctrl-C. Nothing is stored on the host. Refuses (exit 5) unless the cluster is Primary and another ' +
        'member is Synced; a single member is backed up while its clients wait.\n\n' +
        'The file is readable by you alone, and contains every password hash of the database: encrypt it with --recipient. ' +
        'Does not contain the secrets of the inventory, nor the images and volumes of the cloud.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--from <host>', 'back up this member; default: the one with the fewest clients')
    .option('--out <file>', 'where to write it; default: <deployment>-<UTC time>.osha-backup in this folder')
    .option(
      '--recipient <age1...>',
      'encrypt it for this public key of age (may be repeated)',
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha backup inventory/lab.yaml\n  osha backup inventory/lab.yaml --out /srv/backups/lab.osha-backup --json\n' +
        '  osha backup inventory/lab.yaml --from controller3 --recipient $(age-keygen -y key.txt)',
    );
  withOutput(withConnections(command)).action(
    exiting(cli, (file: string, request: BackupRequest) => backup(cli, file, request)),
  );
};

/** Backs up the database. Returns the exit code. */
async function backup(cli: Cli, inventoryFile: string, request: BackupRequest): Promise<number> {
  const { io } = cli;
  const deployment = await loadDeployment(io, inventoryFile, {
    json: request.json ?? false,
    secrets: 'read',
  });
  const { inventory } = deployment;
  const { system, backup: declared } = await backupOf(deployment);
  const from = request.from === undefined ? undefined : hostCalled(request.from, deployment).name;
  const shown = request.out ?? `${inventory.name}-${timeInName(new Date())}.osha-backup`;
  const file = resolve(io.cwd, shown);
  if (existsSync(file)) {
    throw new UserError(`${shown} exists already`, { hint: 'write to another file: --out FILE' });
  }
  const recipients = request.recipient ?? [];
  const [{ checkRecipients }, { backUp }, { recordRun }, { passwordsFor }] = await Promise.all([
    import('../../backup/file.ts'),
    import('../../backup/backup.ts'),
    import('../execute.ts'),
    import('../access.ts'),
  ]);
  await checkRecipients(recipients);
  const passwords = await passwordsFor(io, request);
  const { mask, ...hosts } = await hostsOf(io, deployment, declared, request, passwords);
  const begun = new Set<string>();
  const run = {
    inventoryFile: inventory.file,
    mask,
    lastWords: () => [...begun].join('\n'),
  };
  try {
    const summary = await recordRun(cli, run, request, ({ signal, emit, id }) =>
      backUp({
        backup: declared,
        system,
        deployment: inventory.name,
        from,
        file,
        recipients,
        connect: hosts.connect,
        observe: hosts.observe,
        lockOwner: lockOwner(id),
        begun,
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

/** The system whose data is backed up. Throws `UserError` where the inventory has none. */
export async function backupOf(
  deployment: Deployment,
): Promise<{ readonly system: string; readonly backup: Backup }> {
  const { createPlan } = await import('../../planner/plan.ts');
  const found = createPlan(deployment).phases.find(({ backup: declared }) => declared?.members.length);
  if (found?.backup) return { system: found.name, backup: found.backup };
  throw new UserError(`${deployment.inventory.file} has no system that can be backed up`, {
    hint: `give hosts the role database; see: osha phases ${quote(deployment.inventory.file)}`,
  });
}

/** How the members are reached. */
export interface ReachedHosts {
  readonly transport: Transport;
  readonly connect: Connect;
  readonly observe: (signal: AbortSignal) => Promise<Answers>;
  /** Masks secrets in a text. */
  readonly mask: (text: string) => string;
}

/** Connects to the members with passwords that are known. */
export async function hostsOf(
  io: Io,
  deployment: Deployment,
  { members, probe }: Pick<Backup, 'members' | 'probe'>,
  request: ConnectionOptions,
  passwords: Passwords,
): Promise<ReachedHosts> {
  const [{ accessWith }, { createMasker }, { secretsToMask }, { askHosts }] = await Promise.all([
    import('../access.ts'),
    import('../../secrets/masker.ts'),
    import('../admission.ts'),
    import('../../runner/answers.ts'),
  ]);
  const connecting = { timeoutMs: request.connectTimeout * 1000, acceptNew: request.acceptNew ?? false };
  const access = (): Promise<Access> => accessWith(io, passwords, request);
  const { transport, passwords: masked } = await access();
  return {
    transport,
    mask: createMasker([...secretsToMask(deployment), ...masked]),
    connect: (host, signal) => transport.connect(host, { ...connecting, signal }),
    // Each question closes its transport.
    observe: async (signal) =>
      askHosts(members, probe, {
        transport: (await access()).transport,
        forks: request.forks,
        connectTimeoutMs: connecting.timeoutMs,
        probeTimeoutMs: probeTimeoutMs(request.timeout * 1000),
        acceptNew: connecting.acceptNew,
        signal,
        emit: () => undefined,
      }),
  };
}

/** Who holds the lock of a host, for the message of a second run. */
export function lockOwner(run: string | undefined): string {
  const unique = randomBytes(6).toString('hex');
  return `${userInfo().username} on ${hostname()}${run === undefined ? '' : `, run ${run}`} #${unique}`;
}

/** A time as it is part of a file's name. */
function timeInName(time: Date): string {
  return time.toISOString().replace(/\..*/, 'Z').replaceAll(/[-:]/g, '').replace('T', '-');
}
