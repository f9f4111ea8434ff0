import { carried, type CarriedSecret, type Host, token } from 'osha';

/** What Neutron's metadata agents prove themselves with to Nova. */
export const METADATA = {
  metadataProxy: token('Shared secret of the metadata agents on network hosts and Nova'),
};

/** Where a file of Nova or Neutron has it. */
export function metadataCarried(hosts: readonly Host[], path: string, section: string): CarriedSecret {
  return carried.inLine('metadataProxy', hosts, path, { section, line: 'metadata_proxy_shared_secret' });
}
