import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Files of this checkout's labs: the login key, known_hosts, generated compose files. Not in git. */
export const LAB_DIR = join(ROOT, '.lab');
export const KEY = join(LAB_DIR, 'id_ed25519');
export const KNOWN_HOSTS = join(LAB_DIR, 'known_hosts');

export const COMPOSE_FILE = join(ROOT, 'docker-compose.test.yml');
export const IMAGE_DIR = join(ROOT, 'test', 'lab', 'image');
export const DEFAULT_INVENTORY = join(ROOT, 'inventory', 'lab.yaml');

/** Shared by all checkouts and kept between labs: the images, as data of the engine that the lab starts. */
export const CACHE_DIR = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'osha-lab');

/** The running engine's own files. Short, because a socket's path is limited to 107 bytes. */
export const RUN_DIR = '/run/osha-lab';
export const SOCKET = join(RUN_DIR, 'docker.sock');
export const PID_FILE = join(RUN_DIR, 'docker.pid');
export const ENGINE_LOG = join(CACHE_DIR, 'dockerd.log');

/** Whether the lab's own engine may be running. */
export function ownEngineLeft(): boolean {
  return existsSync(PID_FILE) || existsSync(SOCKET);
}
