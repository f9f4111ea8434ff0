import { carried, type CarriedSecret, type Host, type Secret, token } from 'osha';
import { SERVICES } from '../openstack/services.ts';
import { type KeyRepository, fernetKey } from './key-repository.ts';

/** Where the keys are that tokens are encrypted with, and those of stored credentials. */
export const TOKEN_KEYS = '/etc/keystone/fernet-keys';
export const CREDENTIAL_KEYS = '/etc/keystone/credential-keys';

/**
 * Keys of tokens at most, the staged one included: a token outlives so many rotations less two. With the hour that a
 * token lives, a rotation may come every 20 minutes.
 */
export const MOST_KEYS = 5;

/** What all keys follow from. */
export const SEED = {
  keystoneKeys: token('Seed of the keys that encrypt tokens and stored credentials', 64),
};

/** The keys of one kind, which every host makes for itself from the one secret. */
export function keysOf(kind: 'token' | 'credential', seed: Secret): KeyRepository {
  return {
    directory: kind === 'token' ? TOKEN_KEYS : CREDENTIAL_KEYS,
    seed,
    purpose: kind,
    owner: SERVICES.identity.name,
    keep: MOST_KEYS,
  };
}

/**
 * Where the seed is found: on record. From a key it cannot be read back, but the first key of stored credentials, which are
 * never rotated, tells whether it is the same one.
 */
export function seedCarried(hosts: readonly Host[]): readonly CarriedSecret[] {
  const first = carried.whole('keystoneKeys', hosts, `${CREDENTIAL_KEYS}/1`);
  return [
    carried.recorded('keystoneKeys', hosts),
    {
      ...first,
      holds: (seed) => fernetKey(keysOf('credential', seed), 1).reveal(),
      restores: 'nothing',
    },
  ];
}
