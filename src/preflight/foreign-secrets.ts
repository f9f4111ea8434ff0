import type { CarriedSecret } from '../playbook/carried-secret.ts';
import type { Answers } from '../playbook/operation.ts';
import type { PreviousByName } from '../secrets/previous.ts';
import type { Secret } from '../secrets/secret.ts';
import { bySecret, twoAgree, type Checksums, type FoundSecret, type HostSecret } from './carried.ts';

/** The secrets of an inventory's folder. */
export interface FolderSecrets {
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Names missing in the folder; `secrets` may have generated values for them. */
  readonly missing: readonly string[];
  readonly previous: PreviousByName;
}

/** The name of a secret, and the hosts concerned. */
export interface SecretOnHosts {
  readonly secret: string;
  readonly hosts: readonly string[];
}

/** Secrets that a deployment would replace by accident. */
export interface ForeignSecrets {
  /** On the hosts, and missing in the folder. */
  readonly lacking: readonly SecretOnHosts[];
  /** Missing in the folder, and none of the hosts that may have it answered. */
  readonly unasked: readonly SecretOnHosts[];
  /** Different on the hosts, with a value that the folder never had. */
  readonly foreign: readonly SecretOnHosts[];
  /** Intentional replacements of any former value that are complete: all hosts have the present value. */
  readonly done: readonly string[];
}

/**
 * Compares the secrets on the hosts with those of the folder. Pure. A difference on one host of several is drift, which a
 * deployment repairs. A value is foreign if no host agrees with the folder, or if two hosts agree on another one.
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
      // Its peers did not answer: a drift only if the host shares other secrets with the folder.
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

/** Tells whether a value is or was a secret of this folder. */
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

/** Hosts that share no secret with the folder. */
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
