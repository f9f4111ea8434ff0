import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { quote } from '../operations/shell.ts';
import { withoutHost } from '../inventory/without-host.ts';
import type { Host } from '../inventory/types.ts';
import type { ConnectFailure } from '../transport/errors.ts';
import type { Passwords } from './access.ts';
import { loadDeployment, type Deployment } from './deployment.ts';
import { InvalidFile, UserError } from './errors.ts';
import { EXIT, exitCodeOf } from './io.ts';
import type { ConnectionOptions, ConsentOptions, OutputOptions } from './options.ts';
import { printPlan } from './print-plan.ts';
import type { Cli } from './register.ts';
import { demandSpare } from './spares.ts';

export interface MembershipOptions extends OutputOptions, ConnectionOptions, ConsentOptions {
  /** Only print the steps. */
  readonly dryRun?: true;
}

export interface RemoveOptions extends MembershipOptions {
  /** The host is gone for good. */
  readonly dead?: true;
}

type Known = RemoveOptions & { readonly passwords: Passwords };

/** Takes a host into the deployment that the inventory lists already. Returns the exit code. */
export async function addHost(
  cli: Cli,
  file: string,
  name: string,
  options: MembershipOptions,
): Promise<number> {
  const deployment = await loadWith(cli, file, options);
  listed(name, deployment, file);
  const known = { ...options, passwords: await passwordsFor(cli, options) };
  if (options.dryRun) return deployInventory(cli, file, { ...known, mode: 'plan' });
  const { health } = await import('./verbs/health.ts');
  const ready = await health(cli, file, { ...known, of: 'hosts', limit: [name] });
  if (ready !== EXIT.ok) return ready;
  return deployInventory(cli, file, { ...known, mode: 'apply' });
}

/**
 * Takes a host out of every system, out of the inventory, and out of what the other hosts know. Returns the exit code. Each
 * part can be repeated: an interrupted removal is resumed by the same command, or once the inventory is written by
 * `osha deploy --prune`.
 */
export async function removeHost(
  cli: Cli,
  file: string,
  name: string,
  options: RemoveOptions,
): Promise<number> {
  const deployment = await loadWith(cli, file, options);
  const host = listed(name, deployment, file);
  await demandLeavable(host, deployment);
  await inventoryWithout(cli, file, name, options);
  if (options.dryRun) return leave(cli, deployment, host, options);
  const { confirmer } = await import('./ask.ts');
  const confirm = options.yes ? undefined : confirmer(cli, 'host remove');
  const known = { ...options, passwords: await passwordsFor(cli, options) };
  const refused = await whyNot(cli, host, deployment, file, known);
  if (refused !== undefined) return refused;
  await confirm?.(questionFor(host, file, known));
  const left = await leave(cli, deployment, host, known);
  if (left !== EXIT.ok) return left;
  await writeInventory(cli, file, await inventoryWithout(cli, file, name, options));
  return deployInventory(cli, file, { ...known, mode: 'apply', prune: true });
}

/**
 * Puts one host of the inventory in the place of another. The new one joins first, so that there are never fewer members
 * than before; a dead one is forgotten first, because changes of a cluster need all of its members. Returns the exit code.
 */
export async function replaceHost(
  cli: Cli,
  file: string,
  names: { readonly former: string; readonly next: string },
  options: RemoveOptions,
): Promise<number> {
  const { former, next } = names;
  if (former === next) {
    throw new UserError(`${former} cannot replace itself`, {
      hint: `a host that was reinstalled under its name rejoins with: osha deploy ${quote(file)}`,
    });
  }
  const deployment = await loadWith(cli, file, options);
  const host = listed(former, deployment, file);
  listed(next, deployment, file);
  await demandLeavable(host, deployment);
  // Before the new host joins: afterwards it would be too late to learn that the old one cannot leave.
  await inventoryWithout(cli, file, former, options);
  const known = { ...options, passwords: await passwordsFor(cli, options) };
  if (!options.dead) {
    const { confirmer } = await import('./ask.ts');
    const confirm = options.yes || options.dryRun ? undefined : confirmer(cli, 'host replace');
    await confirm?.(questionFor(host, file, known));
    const added = await addHost(cli, file, next, known);
    return added === EXIT.ok ? removeHost(cli, file, former, { ...known, yes: true }) : added;
  }
  const removed = await forgetBefore(cli, file, { host, next }, deployment, known);
  return removed === EXIT.ok && !options.dryRun ? addHost(cli, file, next, known) : removed;
}

/** Removes a dead host while the one that replaces it is not there yet. */
async function forgetBefore(
  cli: Cli,
  file: string,
  { host, next }: { readonly host: Host; readonly next: string },
  deployment: Deployment,
  options: Known,
): Promise<number> {
  const text = await inventoryWithout(cli, file, host.name, options);
  const rest = withoutHost(text, next) ?? text;
  await loadDeployment(cli.io, file, {
    json: options.json ?? false,
    secrets: 'none',
    quiet: true,
    text: rest,
  });
  if (options.dryRun) return leave(cli, deployment, host, options);
  const { confirmer } = await import('./ask.ts');
  const confirm = options.yes ? undefined : confirmer(cli, 'host replace');
  const refused = await whyNot(cli, host, deployment, file, options);
  if (refused !== undefined) return refused;
  await confirm?.(questionFor(host, file, options));
  const left = await leave(cli, deployment, host, options);
  if (left !== EXIT.ok) return left;
  await writeInventory(cli, file, await inventoryWithout(cli, file, host.name, options));
  return deployInventory(cli, file, { ...options, mode: 'apply', prune: true, text: rest });
}

function loadWith({ io }: Cli, file: string, options: OutputOptions): Promise<Deployment> {
  return loadDeployment(io, file, { json: options.json ?? false, secrets: 'read' });
}

/** The host of the inventory with this name. Throws `UserError` if there is none. */
function listed(name: string, deployment: Deployment, file: string): Host {
  const { hosts } = deployment.inventory;
  const host = hosts.find((one) => one.name === name);
  if (host) return host;
  throw new UserError(
    `${file} has no host "${name}"; its hosts are ${hosts.map((one) => one.name).join(', ')}`,
    {
      hint: `to add it, write it below hosts: first; to complete its removal: osha deploy ${quote(file)} --prune`,
    },
  );
}

/** Throws `UserError` for a host that a system cannot do without, however well it is. */
async function demandLeavable(host: Host, deployment: Deployment): Promise<void> {
  const { createPlan } = await import('../planner/plan.ts');
  const kept = createPlan(deployment).phases.flatMap((phase) => {
    const why = phase.whyKept(host);
    return why === undefined ? [] : [`${phase.title}: ${why}`];
  });
  if (kept.length === 0) return;
  throw new UserError(`${host.name} cannot be removed: ${kept.join('; ')}`, { exitCode: EXIT.refused });
}

async function passwordsFor(
  cli: Cli,
  options: ConnectionOptions & { readonly passwords?: Passwords },
): Promise<Passwords> {
  const { passwordsFor: ask } = await import('./access.ts');
  return options.passwords ?? ask(cli.io, options);
}

/** The text of the inventory without a host, as the file is now: it may have been edited meanwhile. Throws `InvalidFile` if that is not a valid inventory. */
async function inventoryWithout(
  { io }: Cli,
  file: string,
  name: string,
  options: OutputOptions,
): Promise<string> {
  const text = withoutHost(readFileSync(resolve(io.cwd, file), 'utf8'), name);
  if (text === undefined) {
    throw new UserError(`${file}: the entry of ${name} cannot be removed`, {
      hint: `write it below hosts:, and write out what aliases (*name) take from it`,
    });
  }
  try {
    await loadDeployment(io, file, { json: options.json ?? false, secrets: 'none', quiet: true, text });
  } catch (error) {
    if (!(error instanceof InvalidFile)) throw error;
    // The file itself is valid: its mistakes are those of a text that the user has never seen.
    throw new InvalidFile(
      error.problems.map((one) =>
        one.severity === 'error' ? { ...one, message: `without ${name}: ${one.message}` } : one,
      ),
    );
  }
  return text;
}

async function writeInventory({ io }: Cli, file: string, text: string): Promise<void> {
  const { writeWholeFile } = await import('../secrets/whole-file.ts');
  const path = resolve(io.cwd, file);
  writeWholeFile(path, text, statSync(path).mode & 0o777);
}

/** Prints why a host cannot be removed now. Returns the exit code, or `undefined` where nothing is against it. */
async function whyNot(
  cli: Cli,
  host: Host,
  deployment: Deployment,
  file: string,
  options: Known,
): Promise<number | undefined> {
  if (options.dead) {
    await demandSilence(cli, host, deployment, file, options);
    return undefined;
  }
  const isSpared = await demandSpare(cli, host, deployment, { ...options, question: 'okToLeave' });
  if (isSpared === undefined) return EXIT.interrupted;
  if (isSpared) return undefined;
  throw new UserError(`${host.name} cannot be spared: nothing was changed`, {
    hint: `if it is gone for good: osha host remove ${quote(file)} ${host.name} --dead`,
    exitCode: EXIT.refused,
  });
}

/** How a connection fails to a host that is off. Any other failure comes from the host, or says nothing about it. */
const SILENT: readonly ConnectFailure[] = ['unreachable', 'timed-out', 'name-unknown'];

/** Throws `UserError` unless a host that is said to be dead is silent. */
async function demandSilence(
  cli: Cli,
  host: Host,
  deployment: Deployment,
  file: string,
  options: Known,
): Promise<void> {
  const [{ asking }, { ConnectError }] = await Promise.all([
    import('./asking.ts'),
    import('../transport/errors.ts'),
  ]);
  const { result, interrupted } = await asking(cli, deployment, options, async (ask) => {
    const { transport, connectTimeoutMs: timeoutMs, acceptNew, signal } = ask;
    try {
      const session = await transport.connect(host, { timeoutMs, acceptNew, signal });
      await session.close();
      return { sign: `${host.name} answers` };
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      return { sign: SILENT.includes(error.kind) ? undefined : `${host.name}: ${error.message}` };
    } finally {
      await transport.close();
    }
  });
  if (!result || interrupted) throw new UserError('interrupted', { exitCode: EXIT.interrupted });
  if (result.sign === undefined) return;
  throw new UserError(`${result.sign}: it may still run, so it is not forgotten`, {
    hint: `switch it off, or remove it in an orderly way: osha host remove ${quote(file)} ${host.name}`,
    exitCode: EXIT.refused,
  });
}

function questionFor(host: Host, file: string, { dead }: RemoveOptions): string {
  const how = dead
    ? `${host.name} is forgotten by every system. It must be off for good: if it still runs, it may serve old data.\n`
    : `${host.name} is drained, its services are stopped and disabled, and every system forgets it.\n`;
  return (
    `${how}Its entry is removed from ${file}. Its data and packages stay on its disks.\n` +
    'On the other hosts, everything that osha created and the inventory no longer lists is removed (--prune).\n'
  );
}

/** Prints or carries out the steps by which a host leaves every system. Returns the exit code. */
async function leave(
  cli: Cli,
  deployment: Deployment,
  host: Host,
  options: RemoveOptions & { readonly passwords?: Passwords },
): Promise<number> {
  const { createPlan } = await import('../planner/plan.ts');
  const how = options.dead ? 'dead' : 'alive';
  const plan = createPlan({ ...deployment, purpose: { kind: 'leave', host, how } });
  if (options.dryRun) return printPlan(cli, plan, { ...options, resumable: false });
  if (plan.phases.length === 0) return EXIT.ok;
  const { executePlan } = await import('./execute.ts');
  const passwords = await passwordsFor(cli, options);
  const run = { ...options, passwords, prune: false, mode: 'apply' as const };
  return exitCodeOf(await executePlan(cli, plan, deployment, run));
}

async function deployInventory(
  cli: Cli,
  file: string,
  options: Known & {
    readonly mode: 'plan' | 'apply';
    readonly prune?: true;
    readonly text?: string;
  },
): Promise<number> {
  const { deploy } = await import('./verbs/deploy.ts');
  return deploy(cli, file, { ...options, yes: true });
}
