import type { LoadedSecrets } from '../secrets/load.ts';
import { NOTHING_BEFORE, withPrevious, type Previous } from '../secrets/previous.ts';
import { type SecretRule, type SecretRules, weaknessOf, generateValue } from '../secrets/rule.ts';
import { Secret } from '../secrets/secret.ts';
import { twoAgree, type HostSecret } from './carried.ts';

/** What to do with a secret that differs between folder and hosts. */
export type OnDifference =
  /** Take the value of the hosts, and remember the folder's as a former one. */
  | 'replace'
  /** Keep the folder's value, and remember that of the hosts as a former one: the next deployment replaces it. */
  | 'keep'
  | 'refuse';

export type AdoptionOutcome =
  /** Read back from the hosts. */
  | 'adopted'
  /** The same in the folder and on the hosts. */
  | 'same'
  /** Different in the folder, which keeps its value. */
  | 'kept'
  /** Neither in the folder nor on the hosts: the next deployment generates it. */
  | 'absent'
  /** The hosts have only values derived from it. */
  | 'unreadable'
  /** The value on the hosts violates the rules for secrets. */
  | 'unfit'
  /** Different in the folder, and no choice was made. */
  | 'differs'
  /** Different between hosts. */
  | 'disagree';

/** The outcome for one secret, without its value. */
export interface AdoptedSecret {
  readonly secret: string;
  readonly outcome: AdoptionOutcome;
  /** The hosts that have it. */
  readonly hosts: readonly string[];
  /** Hosts with a value that differs from the first of `hosts`, or from the folder. */
  readonly others?: readonly string[];
  /** The reason if unfit. */
  readonly why?: string;
}

/** The outcomes, and the values to write. */
export interface Adoption {
  readonly secrets: readonly AdoptedSecret[];
  /** Values to write, by name. */
  readonly values: Readonly<Record<string, Secret>>;
  /** Former values to write, by name. */
  readonly previous: Readonly<Record<string, Previous>>;
}

/** Decides what to adopt from `found`, the values on the hosts by name. Pure except for generated ends of secrets. */
export function adoptionOf(
  found: ReadonlyMap<string, readonly HostSecret[]>,
  folder: Pick<LoadedSecrets, 'secrets' | 'previous'>,
  rules: SecretRules,
  onDifference: OnDifference,
): Adoption {
  const all = Object.entries(rules).map(([name, rule]) =>
    adopt(name, rule, found.get(name) ?? [], {
      present: folder.secrets[name],
      previous: folder.previous[name] ?? NOTHING_BEFORE,
      onDifference,
    }),
  );
  const written = <T>(of: (one: Adopted) => T | undefined): Readonly<Record<string, T>> =>
    Object.fromEntries(
      all.flatMap((one) => {
        const value = of(one);
        return value === undefined ? [] : [[one.result.secret, value] as const];
      }),
    );
  return {
    secrets: all.map(({ result }) => result),
    values: written((one) => one.value),
    previous: written((one) => one.previous),
  };
}

interface Adopted {
  readonly result: AdoptedSecret;
  readonly value?: Secret | undefined;
  readonly previous?: Previous | undefined;
}

type Writes = Omit<Adopted, 'result'>;

interface InFolder {
  readonly present: Secret | undefined;
  readonly previous: Previous;
  readonly onDifference: OnDifference;
}

function adopt(secret: string, rule: SecretRule, found: readonly HostSecret[], folder: InFolder): Adopted {
  const { present, previous, onDifference } = folder;
  const carriers = hostsOf(found);
  const resultOf = (
    outcome: AdoptionOutcome,
    more: Omit<Partial<AdoptedSecret>, 'secret' | 'outcome'> = {},
    writes: Writes = {},
  ): Adopted => ({ result: { secret, outcome, hosts: carriers, ...more }, ...writes });
  if (found.length === 0) return resultOf(present ? 'same' : 'absent');
  const differing = present ? found.filter((one) => !isOf(one, present)) : found;
  const others = hostsOf(differing);
  if (present && differing.length === 0) return resultOf('same');
  if (present && onDifference === 'keep') {
    return resultOf('kept', { hosts: others }, { previous: remembered(secret, rule, differing, previous) });
  }
  // A difference on one host of several is drift, which the next deployment repairs.
  if (present && differing.length < found.length && !twoAgree(differing)) return resultOf('same', { others });
  const isFormer = (one: HostSecret): boolean => previous.values.some((former) => isOf(one, former));
  if (present && onDifference === 'refuse' && differing.every(isFormer)) return resultOf('kept');

  const value = valueOf(secret, rule, found);
  if (value === undefined) return resultOf('unreadable');
  const strange = hostsOf(found.filter((one) => !isOf(one, value)));
  if (strange.length > 0) {
    return resultOf('disagree', {
      hosts: carriers.filter((host) => !strange.includes(host)),
      others: strange,
    });
  }
  if (present && onDifference === 'refuse') return resultOf('differs', { others });
  const weakness = weaknessOf(secret, value.reveal(), rule);
  if (weakness?.severity === 'error') return resultOf('unfit', { why: weakness.message });
  return resultOf('adopted', {}, { value, previous: previous.any ? { ...previous, any: false } : undefined });
}

/** Whether the value at a place matches `secret`, as far as the place shows. */
function isOf({ place, found }: HostSecret, secret: Secret): boolean {
  return (place.holds?.(secret) ?? secret.reveal()) === found;
}

/** The first secret that can be read back. A beginning is completed with a generated end. */
function valueOf(name: string, rule: SecretRule, found: readonly HostSecret[]): Secret | undefined {
  const whole = found.find(({ place }) => (place.restores ?? 'all') === 'all');
  if (whole) return new Secret(name, whole.found);
  const beginning = found.find(({ place }) => place.restores === 'beginning');
  return beginning && completed(name, rule, beginning.found);
}

function completed(name: string, rule: SecretRule, beginning: string): Secret {
  return new Secret(name, beginning + generateValue(name, rule).slice(beginning.length));
}

/** Adds the values of the hosts to the former values; `any` if one cannot be read back. */
function remembered(
  name: string,
  rule: SecretRule,
  found: readonly HostSecret[],
  before: Previous,
): Previous {
  const values = found.flatMap(({ place, found: text }) => {
    if (place.restores === 'nothing') return [];
    return [place.restores === 'beginning' ? completed(name, rule, text).reveal() : text];
  });
  const after = withPrevious(before, [...new Set(values)]);
  const isCovered = (one: HostSecret): boolean => after.values.some((former) => isOf(one, former));
  return { ...after, any: after.any || !found.every(isCovered) };
}

function hostsOf(found: readonly HostSecret[]): readonly string[] {
  return [...new Set(found.map(({ host }) => host))];
}
