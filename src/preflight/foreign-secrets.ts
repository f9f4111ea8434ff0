import type { CarriedSecret } from '../playbook/carried-secret.ts';
import type { Answers } from '../playbook/operation.ts';
import type { PreviousByName } from '../secrets/previous.ts';
import type { Secret } from '../secrets/secret.ts';
import { bySecret, twoAgree, type Checksums, type FoundSecret, type HostSecret } from './carried.ts';

/** What a folder has of the secrets of its deployment. */
export interface FolderSecrets {
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Names that it lacks; a value in `secrets` is then made up. */
  readonly missing: readonly string[];
  readonly previous: PreviousByName;
}

/** A secret, and the hosts that it is about. */
export interface SecretOnHosts {
  readonly secret: string;
  readonly hosts: readonly string[];
}

/** What a deployment would replace without anybody having asked for it. */
export interface ForeignSecrets {
  /** The hosts carry it, and the folder lacks it. */
  readonly lacking: readonly SecretOnHosts[];
  /** The folder lacks it, and none of the hosts that would carry it could be asked. */
  readonly unasked: readonly SecretOnHosts[];
  /** The hosts carry another one than the folder, which it never had. */
  readonly foreign: readonly SecretOnHosts[];
  /** Replaced on purpose, whatever the hosts had, and done: every host that carries it has the present one. */
  readonly done: readonly string[];
}

/**
 * Compares what the hosts carry with what the folder has. Pure. A difference on one host of several is drift, which a
 * deployment repairs; what no host shares with the folder, or two hosts share with each other, is another truth.
 */
export function foreignSecrets(
  places: readonly CarriedSecret[],
  answers: Answers<readonly FoundSecret[]>,
  folder: FolderSecrets,
  sums: Checksums,
): ForeignSecrets {
  const carried = bySecret(answers);
  const names = [...new Set(places.map(({ secret }) => secret))];
  const answered = (hosts: readonly string[]): readonly string[] =>
    hosts.filter((host) => answers.get(host)?.reachable === true);
  const hostsOf = (secret: string): readonly string[] =>
    unique(
      places.filter((place) => place.secret === secret).flatMap(({ hosts }) => hosts.map(({ name }) => name)),
    );
  const isKnown = knownTo(folder, sums);
  const strangers = strangersOf(carried, isKnown);

  const missing = names.filter((name) => folder.missing.includes(name));
  const judged = names.filter((name) => !folder.missing.includes(name) && carried.has(name));
  return {
    lacking: missing.flatMap((secret) => aboutHosts(secret, carried.get(secret) ?? [])),
    unasked: missing.flatMap((secret) => {
      const hosts = hostsOf(secret);
      return hosts.length === 0 || answered(hosts).length > 0 ? [] : [{ secret, hosts }];
    }),
    foreign: judged.flatMap((secret) => {
      if (folder.previous[secret]?.any) return [];
      const found = carried.get(secret) ?? [];
      const unknown = found.filter((one) => !isKnown(one));
      if (twoAgree(unknown)) return aboutHosts(secret, unknown);
      if (unknown.length < found.length || unknown.length === 0) return [];
      const [only, ...others] = unique(found.map(({ host }) => host));
      const hosts = hostsOf(secret);
      // Its peers were not asked: whether it is this host that differs, the rest of it says.
      const alone = only !== undefined && others.length === 0 && answered(hosts).length < hosts.length;
      return alone && !strangers.has(only) ? [] : aboutHosts(secret, unknown);
    }),
    done: judged.filter((secret) => {
      const present = folder.secrets[secret];
      const found = carried.get(secret) ?? [];
      return (
        folder.previous[secret]?.any === true &&
        answered(hostsOf(secret)).length === hostsOf(secret).length &&
        found.every((one) => present !== undefined && one.found === sums.of(one.place, present))
      );
    }),
  };
}

/** Whether something is, or was, a secret of this folder. */
function knownTo({ secrets, previous }: FolderSecrets, sums: Checksums): (one: HostSecret) => boolean {
  const sumsOf = new Map<CarriedSecret, ReadonlySet<string>>();
  return ({ place, found }) => {
    let known = sumsOf.get(place);
    if (!known) {
      const present = secrets[place.secret];
      const candidates = [...(present ? [present] : []), ...(previous[place.secret]?.values ?? [])];
      known = new Set(candidates.map((candidate) => sums.of(place, candidate)));
      sumsOf.set(place, known);
    }
    return known.has(found);
  };
}

/** Hosts that carry nothing that the folder knows. */
function strangersOf(
  carried: ReadonlyMap<string, readonly HostSecret[]>,
  isKnown: (one: HostSecret) => boolean,
): ReadonlySet<string> {
  const all = [...carried.values()].flat();
  const familiar = new Set(all.filter(isKnown).map(({ host }) => host));
  return new Set(all.map(({ host }) => host).filter((host) => !familiar.has(host)));
}

function aboutHosts(secret: string, found: readonly HostSecret[]): readonly SecretOnHosts[] {
  return found.length === 0 ? [] : [{ secret, hosts: unique(found.map(({ host }) => host)) }];
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

/** `erlangCookie, haproxyStats (controller1, controller2); keepalived (controller1)`. */
export function secretsInWords(all: readonly SecretOnHosts[]): string {
  const byHosts = new Map<string, string[]>();
  for (const { secret, hosts } of all) {
    const key = hosts.join(', ');
    byHosts.set(key, [...(byHosts.get(key) ?? []), secret]);
  }
  return [...byHosts].map(([hosts, secrets]) => `${secrets.join(', ')} (${hosts})`).join('; ');
}
