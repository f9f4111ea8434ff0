import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mustDocker } from './engine.ts';
import { containerOf } from './compose.ts';
import type { LabInventory } from './inventory.ts';
import { KEY, KNOWN_HOSTS, LAB_DIR } from './paths.ts';
import { exists, LabError, must } from './run.ts';

/** Creates the login key for all hosts of the lab, once per checkout. */
export async function ensureKey(): Promise<void> {
  if (!(await exists('ssh-keygen'))) throw new LabError('ssh-keygen is missing', 'Install openssh-client.');
  mkdirSync(LAB_DIR, { recursive: true, mode: 0o700 });
  if (!existsSync(KEY))
    await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'osha-lab', '-f', KEY]);
}

/** Writes the hosts' host keys into known_hosts, by address and name; keeps lines of other addresses. */
export async function writeKnownHosts(inventory: LabInventory): Promise<void> {
  const addresses = new Set(inventory.hosts.map(({ address }) => address));
  const old = existsSync(KNOWN_HOSTS) ? readFileSync(KNOWN_HOSTS, 'utf8').split('\n') : [];
  const kept = old.filter((line) => line !== '' && !addresses.has(line.split(/[, ]/)[0] ?? ''));
  const own = await Promise.all(
    inventory.hosts.map(async ({ name, address }) => {
      // The host generates it while booting, which takes a while on a busy machine.
      const file = '/etc/ssh/ssh_host_ed25519_key.pub';
      const script = `for try in $(seq 150); do [ -s ${file} ] && break; sleep 0.2; done; cat ${file}`;
      const key = await mustDocker(['exec', containerOf(inventory, name), 'sh', '-c', script]);
      return `${address},${name} ${key.split(' ').slice(0, 2).join(' ').trim()}`;
    }),
  );
  writeFileSync(KNOWN_HOSTS, `${[...kept, ...own].join('\n')}\n`);
}

/** The arguments for ssh to log in to a host, without the command: `-i KEY ... USER@ADDRESS`. */
export function sshArguments(address: string, user = 'osha'): string[] {
  const options = [
    `UserKnownHostsFile=${KNOWN_HOSTS}`,
    'StrictHostKeyChecking=yes',
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    'ConnectTimeout=5',
  ];
  return ['-F', 'none', '-i', KEY, ...options.flatMap((option) => ['-o', option]), `${user}@${address}`];
}
