import { CloudError } from '../errors.ts';
import { KINDS } from './kinds.ts';
import { make, type Round } from './round.ts';

/** Makes a volume type and reads it back. Returns what was seen. */
export async function checkVolumeType(round: Round): Promise<string> {
  const id = await make(round, 'volumeType', 'type', {
    path: '/types',
    key: 'volume_type',
    body: (name) => ({ volume_type: { name, description: 'of osha smoke' } }),
  });
  if ((await round.api.find('volume', KINDS.volumeType.path(id))) === undefined) {
    throw new CloudError('volume: a volume type that was made is not there', { service: 'volume' });
  }
  return 'made and read back';
}
