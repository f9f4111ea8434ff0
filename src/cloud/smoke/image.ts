import { createHash, randomBytes } from 'node:crypto';
import type { Host } from '../../inventory/types.ts';
import { Broken, CloudError, NotSent } from '../errors.ts';
import type { Round } from './round.ts';
import { upload } from './upload.ts';

const SIZE = 8 * 1024 * 1024;
/** Downloads through the virtual IP. */
const DOWNLOADS = 2;

/**
 * What is uploaded comes back the same: through the virtual IP, and from each host by itself, so that an image that only
 * one of them has is noticed. Returns what was seen.
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
    same(sum, await round.api.bytes('image', path), 'through the virtual IP');
  }
  const gave: string[] = [];
  for (const host of round.cloud.control) {
    round.progress(`downloading it from ${host.name}`);
    if (await hostGives(round, host, path, sum)) gave.push(host.name);
  }
  return `8 MiB came back the same${gave.length === 0 ? '' : `, also from ${gave.join(', ')} by itself`}`;
}

/** False where Glance does not answer there: HAProxy leaves such a host out, and so it is only told. */
async function hostGives(round: Round, host: Host, path: string, sum: string): Promise<boolean> {
  const { api, hosts, cloud, remark } = round;
  try {
    // Over the host's own SSH connection: what HAProxy encrypts must not go over the network as it is.
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
    same(sum, answer.body, `from ${host.name}`);
    return true;
  } catch (error) {
    if (!(error instanceof NotSent || error instanceof Broken)) throw error;
    remark(`Glance on ${host.name} was not asked by itself: ${error.message}`);
    return false;
  }
}

function same(sum: string, bytes: Uint8Array, where: string): void {
  if (sumOf(bytes) === sum) return;
  throw new CloudError(
    `image: what came back ${where} is not what was uploaded (${bytes.length} of ${SIZE} bytes)`,
    {
      service: 'image',
      hint: 'do all control hosts have the same folder of images mounted? See: osha status INVENTORY',
    },
  );
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
