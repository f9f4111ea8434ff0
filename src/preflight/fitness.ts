import type { Platform } from '../platform/platform.ts';
import type { Finding } from '../playbook/operation.ts';
import type { HostFacts } from './facts.ts';

/** Below this, unpacking packages or the first database write fails: bytes. */
const LEAST_FREE_BYTES = 1024 ** 3;
/** Below this, the services of a controller push each other out of memory: bytes. */
const LEAST_MEMORY_BYTES = 1024 ** 3;

/** What has to be true of a host before anything is done to it. Deploying asks it too, and leaves out hosts that are not fit. */
export function fitnessOf(host: string, facts: HostFacts, platform: Platform): readonly Finding[] {
  const { id, versionId } = platform.osRelease;
  const full = Object.entries(facts.freeBytes).find(([, bytes]) => bytes < LEAST_FREE_BYTES);
  return [
    {
      host,
      subject: 'root',
      healthy: facts.uid === 0,
      evidence: facts.uid === 0 ? 'yes' : `uid ${facts.uid}`,
      hint: 'set ssh.sudo: true, or log in as root',
    },
    {
      host,
      subject: 'operating system',
      healthy: facts.osId === id && facts.osVersion === versionId,
      evidence: facts.osTitle || `${facts.osId} ${facts.osVersion}`,
      hint: `the inventory's platform is ${platform.id} (${platform.title})`,
    },
    {
      host,
      subject: 'init system',
      healthy: facts.init === 'systemd',
      evidence: facts.init,
      hint: 'services are run by systemd',
    },
    {
      host,
      subject: 'free disk',
      healthy: full === undefined,
      evidence: full
        ? `${inGiB(full[1])} on ${full[0]}`
        : `${inGiB(Math.min(...Object.values(facts.freeBytes)))}`,
      hint: `make at least ${inGiB(LEAST_FREE_BYTES)} free`,
    },
    {
      host,
      subject: 'memory',
      healthy: facts.memoryBytes >= LEAST_MEMORY_BYTES,
      evidence: inGiB(facts.memoryBytes),
      hint: `a controller wants at least ${inGiB(LEAST_MEMORY_BYTES)}`,
    },
  ];
}

function inGiB(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
