import { CloudError } from '../errors.ts';
import { IMAGE_TAG } from './kinds.ts';
import { make, type Round, until } from './round.ts';

/** Milliseconds for Glance to notice that an upload was cut off. */
const SETTLED_WITHIN_MS = 30_000;
/** An image whose host died during the upload never becomes active: another one is created instead. */
const ATTEMPTS = 3;

interface ImageState {
  readonly status: string;
  readonly size: number | null;
}

export interface Upload {
  /** Follows the round's prefix in its name. */
  readonly what: string;
  readonly bytes: Uint8Array;
  /** `disk_format`, `container_format` and properties. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Creates an image, and returns its id once Glance has all of its bytes. */
export async function upload(round: Round, { what, bytes, fields }: Upload): Promise<string> {
  const { api, progress } = round;
  const state = (id: string): Promise<ImageState> => api.get('image', `/v2/images/${id}`);
  for (let attempt = 1; ; attempt += 1) {
    const id = await make(round, 'image', what, {
      path: '/v2/images',
      body: (name) => ({ name, visibility: 'private', tags: [IMAGE_TAG], ...fields }),
    });
    progress(`uploading ${what}, ${bytes.length} bytes`);
    await api.send('image', {
      method: 'PUT',
      path: `/v2/images/${id}/file`,
      body: bytes,
      repeat: 'look',
      accept: [409],
      look: async () => {
        const { status } = await settled(round, () => state(id));
        return status === 'queued' ? undefined : status;
      },
    });
    const { status, size } = await settled(round, () => state(id));
    if (status === 'active' && size === bytes.length) return id;
    if (attempt === ATTEMPTS) {
      throw new CloudError(
        `image: ${what} is ${status} after its upload, with ${size ?? 0} of ${bytes.length} bytes`,
        {
          service: 'image',
          hint: 'see /var/log/glance/glance-api.log on the control hosts',
        },
      );
    }
    await api.send('image', { method: 'DELETE', path: `/v2/images/${id}`, accept: [404] });
  }
}

/** The image's state once no upload is in progress. */
async function settled(round: Round, look: () => Promise<ImageState>): Promise<ImageState> {
  let last: ImageState | undefined;
  try {
    return await until(round, {
      what: 'the upload is finished',
      withinMs: SETTLED_WITHIN_MS,
      look: async (say) => {
        last = await look();
        if (last.status !== 'saving' && last.status !== 'importing') return last;
        say(`the image is ${last.status}`);
        return undefined;
      },
    });
  } catch (error) {
    if (last && error instanceof CloudError && error.status === 0) return last;
    throw error;
  }
}
