import { compose, containerOf, projectOf, writeComposeFile } from './compose.ts';
import { currentLab, rememberLab } from './current.ts';
import { docker, ensureEngine, mustDocker, runIn } from './engine.ts';
import { ensureImage, type Stage } from './images.ts';
import { findHost, readInventory, type LabInventory } from './inventory.ts';
import { ensureKey, writeKnownHosts } from './keys.ts';
import { knownLabs, rivalsOf } from './labs.ts';
import { cablesOf, hasCarrier, removeCables, setCables, subnetTaken } from './link.ts';
import { DEFAULT_INVENTORY } from './paths.ts';
import { seconds, step, toStdout, type Log } from './progress.ts';
import { waitReady } from './ready.ts';
import { removeLab } from './removal.ts';
import { LabError, type Result } from './run.ts';

export { currentLab } from './current.ts';
export { down } from './removal.ts';
export { STAGES, type Stage } from './images.ts';
export { LabError, type Result } from './run.ts';

export interface LabOptions {
  /** The inventory of the lab; default: the lab brought up last. */
  readonly inventory?: string;
  readonly log?: Log;
}

export interface UpOptions extends LabOptions {
  /** What is installed on the hosts. Default: `openstack` if the inventory has its services, else `baked`. */
  readonly stage?: Stage;
  /** Remove the hosts first, so that all start with clean disks. */
  readonly fresh?: boolean;
  /** Remove other labs with the same networks; by default they are an error. */
  readonly replace?: boolean;
}

export type HostState = 'running' | 'cut' | 'stopped' | 'absent';

/**
 * Brings up the hosts of an inventory and waits until all are ready. Running hosts are kept unless the stage or their
 * definition has changed: those are recreated with clean disks.
 */
export async function up(options: UpOptions = {}): Promise<LabInventory> {
  const log = options.log ?? toStdout;
  const lab = readInventory(options.inventory ?? DEFAULT_INVENTORY);
  const stage = options.stage ?? (lab.openstack ? 'openstack' : 'baked');
  for (const remark of lab.remarks) log(`note: ${remark}`);
  await ensureEngine(log);
  await ensureKey();
  await makeRoom(lab, options.replace ?? false, log);
  await ensureImage(stage, log);
  if (options.fresh) await removeLab(lab.name, log);
  const began = Date.now();
  await step(log, `starting ${lab.hosts.length} hosts of ${lab.name} (${stage})`, async () => {
    const file = await writeComposeFile(lab);
    const flags = ['--detach', '--no-build', '--remove-orphans'];
    await compose(['up', ...flags], { file, project: projectOf(lab), env: { LAB_STAGE: stage } });
    rememberLab(lab.file);
    await writeKnownHosts(lab);
    await Promise.all(lab.hosts.map(({ name }) => plugIn(containerOf(lab, name))));
    await Promise.all(lab.hosts.map((host) => waitReady(lab, host, log)));
  });
  log(`${lab.name} is up (${seconds(began)})`);
  return lab;
}

/** The state of each host, in inventory order. */
export async function status(
  options: LabOptions = {},
): Promise<{ host: string; address: string; state: HostState }[]> {
  const lab = currentLab(options.inventory);
  return Promise.all(
    lab.hosts.map(async ({ name, address }) => ({
      host: name,
      address,
      state: await stateOf(containerOf(lab, name)),
    })),
  );
}

/**
 * Stops a host hard, like a power failure. Its disk stays. Its cables are pulled first: otherwise this machine's kernel
 * would close the connections of the dying processes, which a power failure does not.
 */
export async function kill(host: string, options: LabOptions = {}): Promise<void> {
  const container = hostContainer(host, options);
  const cables = await cablesOf(container);
  await setCables(cables, 'down');
  await mustDocker(['kill', container]);
  await removeCables(cables);
}

/** Starts a stopped host with its address and disk, and waits until it is ready. */
export async function start(host: string, options: LabOptions = {}): Promise<void> {
  const lab = currentLab(options.inventory);
  const found = findHost(lab, host);
  await mustDocker(['start', containerOf(lab, host)]);
  await waitReady(lab, found, options.log ?? toStdout);
}

/** Disconnects a host from the network as if its cable was pulled: even ssh does not reach it, only `execOn`. */
export async function cut(host: string, options: LabOptions = {}): Promise<void> {
  await setCables(await pluggedIn(host, options), 'down');
}

/** Reconnects a host to the network. */
export async function heal(host: string, options: LabOptions = {}): Promise<void> {
  await setCables(await pluggedIn(host, options), 'up');
}

/**
 * Runs a shell script as root on a host, without the network or osha, and returns its result, even on failure. After the
 * time limit (milliseconds; none by default) it stops waiting, but the script may keep running on the host.
 */
export function execOn(
  host: string,
  script: string,
  options: LabOptions & { readonly timeoutMs?: number } = {},
): Promise<Result> {
  const limit = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
  return runIn(hostContainer(host, options), script, limit);
}

function hostContainer(host: string, options: LabOptions): string {
  const lab = currentLab(options.inventory);
  return containerOf(lab, findHost(lab, host).name);
}

async function pluggedIn(host: string, options: LabOptions): Promise<readonly string[]> {
  const cables = await cablesOf(hostContainer(host, options));
  if (cables.length === 0) throw new LabError(`${host} is not running`, 'See `npm run lab -- status`.');
  return cables;
}

/** A host that was left disconnected would never become ready. */
async function plugIn(container: string): Promise<void> {
  if (!(await hasCarrier(container))) await setCables(await cablesOf(container), 'up');
}

async function stateOf(container: string): Promise<HostState> {
  const { stdout, exitCode } = await docker(['inspect', '--format', '{{.State.Running}}', container]);
  if (exitCode !== 0) return 'absent';
  if (stdout.trim() !== 'true') return 'stopped';
  return (await hasCarrier(container)) ? 'running' : 'cut';
}

/** Makes room for the networks of an inventory. Throws if this machine already has a route to one of them. */
async function makeRoom(lab: LabInventory, replace: boolean, log: Log): Promise<void> {
  const known = await knownLabs();
  for (const rival of rivalsOf(lab, known)) {
    if (!replace) {
      const shared = rival.subnets.filter((subnet) => lab.subnets.includes(subnet)).join(' and ');
      throw new LabError(
        `the lab ${rival.name}${rival.inventory === '' ? '' : ` (${rival.inventory})`} is up and has ${shared}, which ${lab.name} needs`,
        `Run \`npm run lab -- down ${rival.name}\` first, or use \`up --replace\`.`,
      );
    }
    await removeLab(rival.name, log);
  }
  const own = known.find(({ name }) => name === lab.name);
  if (own && [...own.subnets].sort().join() !== [...lab.subnets].sort().join()) {
    log(`${lab.name} has different networks now: recreating its hosts with clean disks`);
    await removeLab(lab.name, log);
  } else if (own) return;
  for (const subnet of lab.subnets) {
    const route = await subnetTaken(subnet);
    if (route === undefined) continue;
    throw new LabError(
      `${subnet} is already a network of this machine: ${route}`,
      'Give the hosts of the inventory other addresses.',
    );
  }
}
