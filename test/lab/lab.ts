import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compose, containerOf, projectOf, writeComposeFile } from './compose.ts';
import { docker, engineAnswers, ensureEngine, hostsLeft, mustDocker, stopEngine } from './engine.ts';
import { ensureImage, type Stage } from './images.ts';
import { findHost, readInventory, type LabInventory } from './inventory.ts';
import { ensureKey, writeKnownHosts } from './keys.ts';
import { hasCarrier, linkOf, linksOf, removeLink, setLink, subnetTaken } from './link.ts';
import { DEFAULT_INVENTORY, LAB_DIR } from './paths.ts';
import { seconds, step, toStdout, type Log } from './progress.ts';
import { waitReady } from './ready.ts';
import { LabError, type Result } from './run.ts';

export type { Stage } from './images.ts';
export { LabError, type Result } from './run.ts';

export interface LabOptions {
  /** The inventory whose lab is meant; without one, the lab that was brought up last. */
  readonly inventory?: string;
  readonly log?: Log;
}

export interface UpOptions extends LabOptions {
  readonly stage?: Stage;
  /** Take the hosts away first, so that all start with clean disks. */
  readonly fresh?: boolean;
}

export type HostState = 'running' | 'cut' | 'stopped' | 'absent';

/** The file that says which lab was brought up last. */
const CURRENT = join(LAB_DIR, 'current');

/** The inventory of the lab that is meant: the given one, or that of the lab which was brought up last. */
export function currentLab(inventory?: string): LabInventory {
  if (inventory !== undefined) return readInventory(inventory);
  const last = existsSync(CURRENT) ? readFileSync(CURRENT, 'utf8').trim() : DEFAULT_INVENTORY;
  return readInventory(existsSync(last) ? last : DEFAULT_INVENTORY);
}

/**
 * Brings up the hosts that an inventory names and waits until all are ready.
 * Hosts that run already are left as they are, unless the stage or their definition has changed: those start anew, with clean disks.
 */
export async function up(options: UpOptions = {}): Promise<LabInventory> {
  const log = options.log ?? toStdout;
  const lab = readInventory(options.inventory ?? DEFAULT_INVENTORY);
  const stage = options.stage ?? 'baked';
  for (const remark of lab.remarks) log(`note: ${remark}`);
  await ensureEngine(log);
  await ensureKey();
  await refuseClash(lab);
  await ensureImage(stage, log);
  if (options.fresh) await removeHosts(lab);
  const began = Date.now();
  await step(log, `starting ${lab.hosts.length} hosts of ${lab.name} (${stage})`, async () => {
    const file = await writeComposeFile(lab);
    const flags = ['--detach', '--no-build', '--remove-orphans'];
    await compose(['up', ...flags], { file, project: projectOf(lab), env: { LAB_STAGE: stage } });
    mkdirSync(LAB_DIR, { recursive: true });
    writeFileSync(CURRENT, `${lab.file}\n`);
    await writeKnownHosts(lab);
    await Promise.all(lab.hosts.map(({ name }) => plugIn(containerOf(lab, name))));
    await Promise.all(lab.hosts.map((host) => waitReady(lab, host, log)));
  });
  log(`${lab.name} is up (${seconds(began)})`);
  return lab;
}

/** Takes the lab of one inventory away; other labs and what they share stay. */
export async function downOne(inventory: string, options: { readonly log?: Log } = {}): Promise<void> {
  const lab = readInventory(inventory);
  if (!(await engineAnswers())) return;
  await step(options.log ?? toStdout, `removing the hosts of ${lab.name} and their network`, async () => {
    await removeHosts(lab);
    await docker(['network', 'rm', projectOf(lab)]);
  });
}

/** Takes every lab away: hosts, networks, and the engine if the lab started it. Images stay, unless `purge`. */
export async function down(options: { readonly purge?: boolean; readonly log?: Log } = {}): Promise<void> {
  const log = options.log ?? toStdout;
  // Hosts outlive an engine that was killed, and a restart of the machine: only an engine can remove them.
  if (!(await engineAnswers()) && hostsLeft()) await ensureEngine(log);
  if (await engineAnswers()) {
    await step(log, 'removing the hosts and their network', async () => {
      const networks = await labelled('network');
      const links = (await Promise.all(networks.map(linksOf))).flat();
      const containers = await labelled('container');
      if (containers.length > 0) await mustDocker(['rm', '-f', '-v', ...containers]);
      for (const link of links) await removeLink(link);
      if (networks.length > 0) await mustDocker(['network', 'rm', ...networks]);
      if (options.purge) await docker(['rmi', '-f', 'osha-lab:bare', 'osha-lab:baked']);
    });
  }
  await stopEngine(log, options.purge ?? false);
  rmSync(LAB_DIR, { recursive: true, force: true });
  log(
    'nothing of the lab is left' + (options.purge ? '' : ' but its images (`down --purge` removes them too)'),
  );
}

/** What each host is doing, in the inventory's order. */
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

/** Stops a host hard, as if its power had gone. Its disk stays. */
export async function kill(host: string, options: LabOptions = {}): Promise<void> {
  const container = hostContainer(host, options);
  const link = await linkOf(container);
  await mustDocker(['kill', container]);
  if (link !== undefined) await removeLink(link);
}

/** Starts a host that was stopped, with its address and its disk, and waits until it is ready. */
export async function start(host: string, options: LabOptions = {}): Promise<void> {
  const lab = currentLab(options.inventory);
  const found = findHost(lab, host);
  await mustDocker(['start', containerOf(lab, host)]);
  await waitReady(lab, found, options.log ?? toStdout);
}

/** Takes a host off the network, as if its cable had been pulled: also ssh does not reach it. `execOn` does. */
export async function cut(host: string, options: LabOptions = {}): Promise<void> {
  await setLink(hostContainer(host, options), 'down');
}

/** Puts a host that was cut back on the network. */
export async function heal(host: string, options: LabOptions = {}): Promise<void> {
  await setLink(hostContainer(host, options), 'up');
}

/**
 * Runs a shell script as root on a host, past the network and osha; returns its outcome, whatever it is.
 * After the time limit (milliseconds; none by default) it is no longer waited for, but it may still run on the host.
 */
export function execOn(
  host: string,
  script: string,
  options: LabOptions & { readonly timeoutMs?: number } = {},
): Promise<Result> {
  const limit = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
  return docker(['exec', '-i', hostContainer(host, options), 'bash', '-s'], { input: script, ...limit });
}

function hostContainer(host: string, options: LabOptions): string {
  const lab = currentLab(options.inventory);
  return containerOf(lab, findHost(lab, host).name);
}

/** A host that was cut and forgotten would never get ready. */
async function plugIn(container: string): Promise<void> {
  if (!(await hasCarrier(container))) await setLink(container, 'up');
}

async function stateOf(container: string): Promise<HostState> {
  const { stdout, exitCode } = await docker(['inspect', '--format', '{{.State.Running}}', container]);
  if (exitCode !== 0) return 'absent';
  if (stdout.trim() !== 'true') return 'stopped';
  return (await hasCarrier(container)) ? 'running' : 'cut';
}

/** Names of all that any lab has made of a kind. */
async function labelled(kind: 'container' | 'network'): Promise<string[]> {
  const all = kind === 'container' ? ['--all'] : [];
  const found = await mustDocker([kind, 'ls', ...all, '--quiet', '--filter', 'label=osha.lab']);
  return found.split('\n').filter((id) => id !== '');
}

async function removeHosts(lab: LabInventory): Promise<void> {
  const found = await mustDocker([
    'container',
    'ls',
    '--all',
    '--quiet',
    '--filter',
    `label=osha.lab=${lab.name}`,
  ]);
  const containers = found.split('\n').filter((id) => id !== '');
  const links = await linksOf(projectOf(lab));
  if (containers.length > 0) await mustDocker(['rm', '-f', '-v', ...containers]);
  for (const link of links) await removeLink(link);
}

/** The addresses of an inventory become a network on this machine: never one that it already reaches in another way. */
async function refuseClash(lab: LabInventory): Promise<void> {
  if ((await docker(['network', 'inspect', projectOf(lab)])).exitCode === 0) return;
  const route = await subnetTaken(lab.subnet);
  if (route === undefined) return;
  throw new LabError(
    `${lab.subnet} is already a network of this machine: ${route}`,
    'Another lab with the same addresses? `npm run lab -- down` first. Else give the hosts of the inventory other addresses.',
  );
}
