import { token } from 'osha';

/** What Neutron's metadata agents prove themselves with to Nova. */
export const METADATA = {
  metadataProxy: token('What the metadata agents of network hosts prove themselves with to Nova'),
};
