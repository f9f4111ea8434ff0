import { createHash, hkdfSync } from 'node:crypto';
import {
  type Answers,
  type Change,
  type ClusterDecision,
  type ClusterOperation,
  type Host,
  type Probe,
  quote,
  type Secret,
  type SecretText,
  text,
  carried,
  type CarriedSecret,
  token,
} from 'osha';
import { SERVICES } from '../openstack/services.ts';

/** The folders of the keys for tokens and for stored credentials. */
export const TOKEN_KEYS = '/etc/keystone/fernet-keys';
export const CREDENTIAL_KEYS = '/etc/keystone/credential-keys';

/**
 * The maximum number of keys, with the staged one. A token survives this number of rotations less two; as tokens are valid
 * for an hour, keys may rotate every 20 minutes.
 */
export const MOST_KEYS = 5;

/** The secret that all keys are derived from. */
export const SEED = {
  keystoneKeys: token('Seed of the keys that encrypt tokens and stored credentials', 64),
};

/** A folder of Fernet keys, the same on every host. */
export interface KeyRepository {
  readonly directory: string;
  /** The secret that all keys are derived from. */
  readonly seed: Secret;
  /** Part of the derivation, so that one seed serves several repositories. */
  readonly purpose: string;
  /** The system user that reads the keys. */
  readonly owner: string;
  /** The maximum number of keys, with the staged one; at least 3. Older keys are deleted. */
  readonly keep: number;
}

/** A key file on a host. */
interface KeyFile {
  readonly sha256: string;
  /** `owner:group mode`. */
  readonly access: string;
  readonly ageSeconds: number;
}

export type RepositoryState = ReadonlyMap<string, KeyFile>;

/** The repository of one kind of key, derived from the seed on every host. */
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
 * Where hosts hold the seed: on record. It cannot be derived from a key, but the first credential key, which is never
 * rotated, tells whether a seed is the same.
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

/** Distributes the keys up to the highest one that any host has, so that a rebuilt host gets the current keys. */
export function keyRepository(
  members: readonly Host[],
  repository: KeyRepository,
): ClusterOperation<RepositoryState> {
  const probe = probeOf(repository);
  return {
    scope: 'cluster',
    title: `keys in ${repository.directory}`,
    members,
    probe: () => probe,
    decide: (answers): ClusterDecision => {
      const primary = Math.max(1, primaryOf(repository, answers));
      const wanted = filesOf(repository, primary);
      const stage = members.flatMap((host) => {
        const answer = answers.get(host.name);
        if (!answer?.reachable || hasAll(repository, wanted, answer.observed)) return [];
        return [
          {
            host: host.name,
            change: placeKeys(repository, primary, `place ${wanted.size} keys in ${repository.directory}`),
          },
        ];
      });
      if (stage.length === 0) return { verdict: 'converged' };
      const lacking = stage.map(({ host }) => host).join(', ');
      return {
        verdict: 'change',
        because: `keys up to number ${primary} are missing on ${lacking}`,
        stages: [stage],
      };
    },
  };
}

/** Promotes the staged key on every host, if the primary key is older than `olderThanMs`. Refuses unless all hosts answer. */
export function keyRotation(
  members: readonly Host[],
  repository: KeyRepository,
  olderThanMs: number,
): ClusterOperation<RepositoryState> {
  const probe = probeOf(repository);
  return {
    scope: 'cluster',
    title: `new keys in ${repository.directory}`,
    members,
    probe: () => probe,
    decide: (answers): ClusterDecision => {
      const silent = members.filter((host) => answers.get(host.name)?.reachable !== true);
      const primary = primaryOf(repository, answers);
      const ages = [...answers.values()].flatMap((answer) =>
        answer.reachable ? (answer.observed.get(String(primary))?.ageSeconds ?? []) : [],
      );
      if (primary === 0 || Math.min(...ages) * 1000 <= olderThanMs) return { verdict: 'converged' };
      if (silent.length > 0) {
        const names = silent.map((host) => host.name).join(', ');
        return {
          verdict: 'refuse',
          reason: `no answer from ${names}, which would lack the new key`,
          hint: `bring ${names} back first`,
        };
      }
      const change = placeKeys(repository, primary + 1, `promote key ${primary + 1} to primary`);
      return {
        verdict: 'change',
        because: `the primary key ${primary} is due for rotation`,
        stages: [members.map((host) => ({ host: host.name, change }))],
      };
    },
  };
}

/**
 * Key number N: 32 bytes derived from the seed by HKDF (RFC 5869), in URL-safe base64 as Fernet's specification requires.
 * Every host gets the same key, and none is copied between hosts.
 */
export function fernetKey(
  { seed, purpose }: Pick<KeyRepository, 'seed' | 'purpose'>,
  number: number,
): Secret {
  return seed.derive((value) => {
    const bytes = Buffer.from(hkdfSync('sha256', value, 'osha', `${purpose} ${number}`, 32));
    return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  });
}

/**
 * The files of a repository with a given primary key. Keystone encrypts with the highest number and decrypts with all.
 * File `0` holds the next primary key, so that every host can decrypt with it before any host encrypts with it.
 */
function filesOf(repository: KeyRepository, primary: number): ReadonlyMap<string, Secret> {
  const oldest = Math.max(1, primary - repository.keep + 2);
  const numbers = Array.from({ length: primary - oldest + 1 }, (_, index) => oldest + index);
  return new Map([
    ...numbers.map((number) => [String(number), fernetKey(repository, number)] as const),
    ['0', fernetKey(repository, primary + 1)],
  ]);
}

function sha256(key: Secret): string {
  return createHash('sha256').update(key.reveal()).digest('hex');
}

function probeOf({ directory }: KeyRepository): Probe<RepositoryState> {
  return {
    // A checksum of 256 random bits reveals nothing. `.new.*` files are left behind by an interrupted change.
    script: `now=$(date +%s)
for file in ${quote(directory)}/[0-9]* ${quote(directory)}/.new.*; do
  [ -f "$file" ] || continue
  printf '%s %s %s %s\\n' "\${file##*/}" "$(sha256sum <"$file" | cut -d' ' -f1)" "$(stat -c '%U:%G,%a' "$file")" $((now - $(stat -c %Y "$file")))
done`,
    reads: [`file:${directory}`],
    parse: ({ stdout }) =>
      new Map(
        stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => {
            const [name = '', sum = '', access = '', age = ''] = line.split(' ');
            return [name, { sha256: sum, access, ageSeconds: Number(age) }] as const;
          }),
      ),
  };
}

/** The number of the primary key: the highest key of this seed on any host; 0 if there is none. */
function primaryOf(repository: KeyRepository, answers: Answers<RepositoryState>): number {
  const found = [...answers.values()].flatMap((answer) => {
    if (!answer.reachable) return [];
    return [...answer.observed].flatMap(([name, file]) => {
      const number = Number(name);
      return number > 0 && file.sha256 === sha256(fernetKey(repository, number)) ? [number] : [];
    });
  });
  return Math.max(0, ...found);
}

function hasAll(
  repository: KeyRepository,
  wanted: ReadonlyMap<string, Secret>,
  state: RepositoryState,
): boolean {
  const access = `${repository.owner}:${repository.owner},600`;
  return (
    state.size === wanted.size &&
    [...wanted].every(([name, key]) => {
      const file = state.get(name);
      return file !== undefined && file.sha256 === sha256(key) && file.access === access;
    })
  );
}

function placeKeys(repository: KeyRepository, primary: number, summary: string): Change {
  const { directory, owner } = repository;
  const wanted = filesOf(repository, primary);
  const lines: readonly SecretText[] = [...wanted].map(([name, key]) => text`${name} ${key}`);
  const names = [...wanted.keys()].join('|');
  return {
    summary,
    // In order, with the staged key last: the new primary key is the one that was staged until now, so that no host ever
    // lacks a key that another host may already encrypt with.
    script: `umask 077
mkdir -p ${quote(directory)}
chown ${quote(`${owner}:${owner}`)} ${quote(directory)}
chmod 700 ${quote(directory)}
rm -f -- ${quote(directory)}/.new.*
while read -r name key; do
  printf '%s' "$key" >${quote(directory)}/".new.$name"
  chown ${quote(`${owner}:${owner}`)} ${quote(directory)}/".new.$name"
  mv ${quote(directory)}/".new.$name" ${quote(directory)}/"$name"
done
for file in ${quote(directory)}/[0-9]*; do
  case "\${file##*/}" in
    ${names}) ;;
    *) rm -f -- "$file" ;;
  esac
done`,
    input: text`${lines}\n`,
    touches: [`file:${directory}`],
    // Keystone reads the keys on each request; no valid token needs the deleted ones.
    effects: [],
  };
}
