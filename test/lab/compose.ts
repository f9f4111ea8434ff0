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

/** The name that compose and `docker ps` know a lab by; the network's name too. */
export function projectOf(inventory: LabInventory): string {
  return `osha-${inventory.name}`;
}

/** A host's container. */
export function containerOf(inventory: LabInventory, host: string): string {
  return `${projectOf(inventory)}-${host}`;
}

/** Where the compose file that was made for a lab stands. */
export function generatedFile(inventory: LabInventory): string {
  return join(LAB_DIR, `${inventory.name}.compose.yml`);
}

/** Writes the compose file of an inventory's hosts: `x-host` of docker-compose.test.yml once for each. Returns its path. */
export async function writeComposeFile(inventory: LabInventory): Promise<string> {
  const { 'x-host': host } = parse(readFileSync(COMPOSE_FILE, 'utf8')) as ComposeFile;
  const common = {
    ...host,
    // docker-compose 1.29 has no word for it; there the engine's default must be right, as it is with the lab's own.
    ...((await composeCommand())?.length === 2 ? { cgroup: 'private' } : {}),
    // The image was built before.
    build: undefined,
    devices: strings(host['devices']).filter((device) => existsSync(device)),
    volumes: strings(host['volumes']).map((volume) => volume.replace(/^\.\//, `${ROOT}/`)),
    labels: { 'osha.lab': inventory.name, 'osha.inventory': inventory.file },
  };
  const services = inventory.hosts.map(({ name, address }) => {
    const own = {
      container_name: containerOf(inventory, name),
      hostname: name,
      networks: { lab: { ipv4_address: address } },
    };
    return [name, { ...common, ...own }] as const;
  });
  const network = {
    name: projectOf(inventory),
    driver: 'bridge',
    ipam: { config: [{ subnet: inventory.subnet }] },
    labels: { 'osha.lab': inventory.name },
  };
  const file = generatedFile(inventory);
  mkdirSync(LAB_DIR, { recursive: true });
  const content = { services: Object.fromEntries(services), networks: { lab: network } };
  writeFileSync(file, stringify(content, { aliasDuplicateObjects: false }));
  return file;
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
