import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { composeCommand, engineEnv } from './engine.ts';
import type { LabInventory } from './inventory.ts';
import { COMPOSE_FILE, LAB_DIR, ROOT } from './paths.ts';
import { LabError, must, type RunOptions } from './run.ts';

interface ComposeFile {
  'x-host': Record<string, unknown>;
}

type Named = Pick<LabInventory, 'name'>;

/** The lab's name in compose and `docker ps`. */
export function projectOf(inventory: Named): string {
  return `osha-${inventory.name}`;
}

/**
 * The names of a lab's networks in Docker, in the order of its subnets. Docker orders a host's interfaces by network name
 * (`sandbox.go` of libnetwork), so the names sort in that order too.
 */
export function networkNames(inventory: Pick<LabInventory, 'name' | 'subnets'>): readonly string[] {
  const suffix = (index: number): string => (index === 0 ? '' : `.${String(index + 1).padStart(2, '0')}`);
  return inventory.subnets.map((_, index) => `${projectOf(inventory)}${suffix(index)}`);
}

/** A host's container. */
export function containerOf(inventory: Named, host: string): string {
  return `${projectOf(inventory)}-${host}`;
}

/** The path of a lab's generated compose file. */
export function generatedFile(inventory: Named): string {
  return join(LAB_DIR, `${inventory.name}.compose.yml`);
}

/** Writes the compose file of an inventory's hosts: `x-host` of docker-compose.test.yml once for each. Returns its path. */
export async function writeComposeFile(inventory: LabInventory): Promise<string> {
  const { 'x-host': host } = parse(readFileSync(COMPOSE_FILE, 'utf8')) as ComposeFile;
  const common = {
    ...host,
    // docker-compose 1.29 has no such key; the engine's default must do, as it does with the lab's own engine.
    ...((await composeCommand())?.length === 2 ? { cgroup: 'private' } : {}),
    // The image was built before.
    build: undefined,
    devices: strings(host['devices']).filter((device) => existsSync(device)),
    volumes: strings(host['volumes']).map((volume) => volume.replace(/^\.\//, `${ROOT}/`)),
  };
  const file = generatedFile(inventory);
  mkdirSync(LAB_DIR, { recursive: true });
  writeFileSync(file, stringify(composeContent(inventory, common), { aliasDuplicateObjects: false }));
  return file;
}

/** The content of the compose file of an inventory's hosts; `common` applies to all of them. */
export function composeContent(
  inventory: LabInventory,
  common: Readonly<Record<string, unknown>>,
): { readonly services: Record<string, object>; readonly networks: Record<string, object> } {
  const labels = { 'osha.lab': inventory.name, 'osha.inventory': inventory.file };
  const names = networkNames(inventory);
  const nameOf = (subnet: string): string => names[inventory.subnets.indexOf(subnet)] ?? '';
  const services = inventory.hosts.map(({ name, interfaces }) => {
    const networks = interfaces.map(({ subnet, address }, index) => {
      // The order in which `docker compose` connects; network names do it for docker-compose 1.29 and for later starts.
      return [nameOf(subnet), { ipv4_address: address, priority: 100 - index }] as const;
    });
    const own = {
      container_name: containerOf(inventory, name),
      hostname: name,
      networks: Object.fromEntries(networks),
    };
    return [name, { ...common, labels, ...own }] as const;
  });
  const networks = inventory.subnets.map((subnet) => {
    return [
      nameOf(subnet),
      { name: nameOf(subnet), driver: 'bridge', ipam: { config: [{ subnet }] }, labels },
    ] as const;
  });
  return { services: Object.fromEntries(services), networks: Object.fromEntries(networks) };
}

/** Runs compose, which must succeed, and returns its stdout. */
export async function compose(
  args: readonly string[],
  options: RunOptions & { readonly file: string; readonly project: string },
): Promise<string> {
  const command = await composeCommand();
  if (!command) throw new LabError('compose is missing', 'Install `docker compose` or docker-compose.');
  const [program = '', ...first] = command;
  const { file, project, ...rest } = options;
  const env = { ...engineEnv(), ...rest.env };
  return must(program, [...first, '-f', file, '-p', project, ...args], { ...rest, env });
}

function strings(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter((each): each is string => typeof each === 'string');
}
