import { createHash, randomBytes } from 'node:crypto';
import type { Host } from '../../inventory/types.ts';
import { Broken, CloudError, NotSent } from '../errors.ts';
import type { Round } from './round.ts';
import { upload } from './upload.ts';

const SIZE = 8 * 1024 * 1024;
/** Number of downloads through the virtual IP. */
const DOWNLOADS = 2;

/**
 * Uploads an image and compares its downloads: through the virtual IP, and from each host directly, which finds an image
 * that only one host has. Returns what was observed.
 */
export async function checkImage(round: Round): Promise<string> {
  const bytes = randomBytes(SIZE);
  const sum = sumOf(bytes);
  const id = await upload(round, {
    what: 'image',
    bytes,
    fields: { disk_format: 'raw', container_format: 'bare' },
  });
  const path = `/v2/images/${id}/file`;
  for (let time = 1; time <= DOWNLOADS; time += 1) {
    round.progress(`downloading it, ${time} of ${DOWNLOADS}`);
    expectSame(sum, await round.api.bytes('image', path), 'through the virtual IP');
  }
  const gave: string[] = [];
  for (const host of round.cloud.control) {
    round.progress(`downloading it from ${host.name}`);
    if (await hostGives(round, host, path, sum)) gave.push(host.name);
  }
  return `8 MiB downloaded intact${gave.length === 0 ? '' : `, also directly from ${gave.join(', ')}`}`;
}

/** False where Glance does not answer: HAProxy takes such a host out, so this is a remark and no failure. */
async function hostGives(round: Round, host: Host, path: string, sum: string): Promise<boolean> {
  const { api, hosts, cloud, remark } = round;
  try {
    // Through the host's SSH connection: without HAProxy's TLS it must not cross the network in the clear.
    const answer = await api.elsewhere(
      hosts.from(host),
      new URL(`http://${host.address}:${cloud.imagePort}${path}`),
    );
    if (answer.status !== 200) {
      throw new CloudError(
        `image: Glance on ${host.name} answers ${answer.status} for an image that was uploaded`,
        {
          service: 'image',
          hint: `does ${host.name} have the shared folder of images mounted? See: osha status INVENTORY`,
        },
      );
    }
    expectSame(sum, answer.body, `from ${host.name}`);
    return true;
  } catch (error) {
    if (!(error instanceof NotSent || error instanceof Broken)) throw error;
    remark(`Glance on ${host.name} was not tested directly: ${error.message}`);
    return false;
  }
}

function expectSame(sum: string, bytes: Uint8Array, where: string): void {
  if (sumOf(bytes) === sum) return;
  throw new CloudError(
    `image: the download ${where} differs from the upload (${bytes.length} of ${SIZE} bytes)`,
    {
      service: 'image',
      hint: 'do all control hosts have the same folder of images mounted? See: osha status INVENTORY',
    },
  );
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
