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
} from 'osha';

/** A folder of Fernet keys that is the same on every host. */
export interface KeyRepository {
  readonly directory: string;
  /** What all keys are derived from. */
  readonly seed: Secret;
  /** Part of the derivation, so that one seed serves several repositories. */
  readonly purpose: string;
  /** The system's user that reads them. */
  readonly owner: string;
  /** Keys at most, the staged one included; at least 3. Older ones go. */
  readonly keep: number;
}

/** One key's file as it is on a host. */
interface KeyFile {
  readonly sha256: string;
  /** `owner:group mode`. */
  readonly access: string;
  readonly ageSeconds: number;
}

export type RepositoryState = ReadonlyMap<string, KeyFile>;

/**
 * The key of a number: 32 bytes by HKDF (RFC 5869) from the seed, in base64 as Fernet's specification has it. So every
 * host gets the same key without a key ever being copied from host to host.
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
 * The files of a repository whose primary key has a number: Keystone encrypts with the highest one, and decrypts with
 * all. `0` is the key that is going to be the next primary, so that every host can read what is encrypted with it
 * before any host encrypts with it.
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
    // Of 256 random bits a checksum tells nothing. `.new.*` is what a placing left that was broken off.
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

/** The number of the primary key: the highest that any host has of ours; 0 where no host has one. */
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

function placing(repository: KeyRepository, primary: number, summary: string): Change {
  const { directory, owner } = repository;
  const wanted = filesOf(repository, primary);
  const lines: readonly SecretText[] = [...wanted].map(([name, key]) => text`${name} ${key}`);
  const names = [...wanted.keys()].join('|');
  return {
    summary,
    // In their order, the staged one last: the key that was staged until now is the new primary one, so that at no moment
    // a host lacks what another one may encrypt with already.
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
    // Services read the keys with each request; those that go have no token left to decrypt.
    effects: [],
  };
}

/** Every host has the same keys. Their number is that of the hosts that have them: a host that was rebuilt gets them anew. */
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
            change: placing(repository, primary, `place ${wanted.size} keys in ${repository.directory}`),
          },
        ];
      });
      if (stage.length === 0) return { verdict: 'converged' };
      const lacking = stage.map(({ host }) => host).join(', ');
      return {
        verdict: 'change',
        because: `${lacking} has not the keys up to number ${primary}`,
        stages: [stage],
      };
    },
  };
}

/** A new primary key on every host, where the present one is older than `olderThanMs`. All hosts have to answer. */
export function rotated(
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
          reason: `${names} cannot be reached, and would not know the new key`,
          hint: `bring ${names} back first`,
        };
      }
      const change = placing(repository, primary + 1, `make key ${primary + 1} the primary one`);
      return {
        verdict: 'change',
        because: `the primary key ${primary} is old enough`,
        stages: [members.map((host) => ({ host: host.name, change }))],
      };
    },
  };
}
