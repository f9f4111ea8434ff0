import type { Host } from '../../inventory/types.ts';
import { ConnectError, ConnectionDropped, ScriptTimeout } from '../../transport/errors.ts';
import { CloudError } from '../errors.ts';
import { GUEST_SCRIPT, MARKER_WORD, readGuest, type Guest } from '../guest.ts';
import { type Round, nameOf } from './round.ts';
import { upload } from './upload.ts';

/** Milliseconds for a host to build the guest and send it: 20 MB over a slow line. */
const MADE_WITHIN_MS = 180_000;
/** Size limit in bytes of a kernel and a ramdisk in base64. */
const GUEST_BYTES = 512 * 1024 * 1024;

/**
 * `no_timer_check`: on a busy host a processor in software misses the ticks by which the kernel tries its timer, and the
 * kernel panics with "IO-APIC + timer doesn't work" (admin-guide/kernel-parameters of Linux).
 */
const KERNEL_OPTIONS = 'console=ttyS0 no_timer_check';

/** An image to boot a server from. */
export interface Bootable {
  readonly image: string;
  /** Required memory in MiB. */
  readonly memory: number;
  /** Disk in GiB; at least 1, because ordinary users may not use a flavor without a disk. */
  readonly disk: number;
  /** What it prints on its console and sends on each connection; absent for an image of the operator's. */
  readonly marker?: string;
  /** What was observed. */
  readonly note: string;
}

/** Builds the guest on the first host that can, and uploads its images. */
export async function makeGuest(round: Round): Promise<Bootable> {
  const { guest, host } = await guestFrom(round, [...round.cloud.compute, ...round.cloud.control]);
  // https://docs.openstack.org/glance/latest/user/formats.html: aki and ari need equal disk and container formats.
  const kernel = await upload(round, {
    what: 'kernel',
    bytes: guest.kernel,
    fields: { disk_format: 'aki', container_format: 'aki' },
  });
  const ramdisk = await upload(round, {
    what: 'ramdisk',
    bytes: guest.ramdisk,
    fields: { disk_format: 'ari', container_format: 'ari' },
  });
  const marker = nameOf(round.run, 'marker');
  const image = await upload(round, {
    what: 'disk',
    bytes: new Uint8Array(1024 * 1024),
    fields: {
      disk_format: 'raw',
      container_format: 'bare',
      kernel_id: kernel,
      ramdisk_id: ramdisk,
      os_command_line: `${KERNEL_OPTIONS} ${MARKER_WORD}${marker}`,
    },
  });
  return { image, marker, memory: 256, disk: 1, note: `from ${guest.name} of ${host.name}` };
}

async function guestFrom(
  { hosts, signal, progress }: Round,
  candidates: readonly Host[],
): Promise<{ readonly guest: Guest; readonly host: Host }> {
  const reasons: string[] = [];
  for (const host of candidates) {
    progress(`building a guest on ${host.name}`);
    try {
      const { stdout, stderr, exitCode } = await hosts.run(host, GUEST_SCRIPT, {
        timeoutMs: MADE_WITHIN_MS,
        maxOutputBytes: GUEST_BYTES,
        signal,
      });
      if (exitCode !== 0) {
        reasons.push(`${host.name}: ${stderr.trim().split('\n').at(-1) ?? `ended with ${exitCode}`}`);
        continue;
      }
      const guest = readGuest(stdout);
      if (!('missing' in guest)) return { guest, host };
      reasons.push(`${host.name} has no ${guest.missing.join(', no ')}`);
    } catch (error) {
      signal.throwIfAborted();
      const known = [ConnectError, ConnectionDropped, ScriptTimeout].some((kind) => error instanceof kind);
      if (!known) throw error;
      reasons.push(`${host.name}: ${(error as Error).message}`);
    }
  }
  throw new CloudError(`no host can build the guest: ${reasons.join('; ')}`, {
    hint: 'install them on a compute host: apt-get install linux-image-cloud-amd64 busybox-static; or name an image of the cloud: --image NAME; or skip the server: --no-server',
  });
}

interface ImageBody {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly size: number | null;
  readonly virtual_size?: number | null;
  readonly min_disk: number;
  readonly min_ram: number;
}

const GIB = 1024 ** 3;

/** An existing image of the cloud, by name or id. */
export async function existingImage({ api }: Round, wanted: string): Promise<Bootable> {
  const { images } = await api.get<{ readonly images: readonly ImageBody[] }>(
    'image',
    `/v2/images?name=${encodeURIComponent(wanted)}`,
  );
  const image =
    images.find(({ status }) => status === 'active') ??
    (await api.find<ImageBody>('image', `/v2/images/${encodeURIComponent(wanted)}`));
  if (image?.status !== 'active') {
    throw new CloudError(`image: there is no active image ${wanted}`, {
      service: 'image',
      hint: 'list the images: openstack image list',
    });
  }
  const size = Math.max(image.size ?? 0, image.virtual_size ?? 0);
  return {
    image: image.id,
    memory: Math.max(512, image.min_ram),
    disk: Math.max(1, image.min_disk, Math.ceil(size / GIB)),
    note: `${image.name}; its console is not checked`,
  };
}
