import { generateValue } from '../secrets/generate.ts';
import type { LoadedSecrets } from '../secrets/load.ts';
import { NOTHING_BEFORE, withPrevious, type Previous } from '../secrets/previous.ts';
import type { SecretRule, SecretRules } from '../secrets/rule.ts';
import { Secret } from '../secrets/secret.ts';
import { weaknessOf } from '../secrets/strength.ts';
import { twoAgree, type HostSecret } from './carried.ts';

/** What is to become of a secret of the folder that the hosts carry another one of. */
export type OnDifference =
  /** The hosts' one takes its place, and it is remembered as a former one. */
  | 'replace'
  /** It stays, and the hosts' one is remembered as a former one: a deployment then replaces it on purpose. */
  | 'keep'
  | 'refuse';

export type AdoptionOutcome =
  /** Read back. */
  | 'adopted'
  /** The folder has it, as the hosts do. */
  | 'same'
  /** The folder has another one, which stays. */
  | 'kept'
  /** The folder lacks it, and no host has it: the next deployment makes it. */
  | 'absent'
  /** The hosts have what follows from it, and not the secret itself. */
  | 'unreadable'
  /** What the hosts have is no value that osha would use. */
  | 'unfit'
  /** The folder has another one, and it was not said what to do. */
  | 'differs'
  /** The hosts have different ones. */
  | 'disagree';

/** What became of one secret. Holds no value. */
export interface AdoptedSecret {
  readonly secret: string;
  readonly outcome: AdoptionOutcome;
  /** Where it was found. */
  readonly hosts: readonly string[];
  /** Where another one was found than on the first of `hosts`, or than in the folder. */
  readonly others?: readonly string[];
  /** Why it is unfit. */
  readonly why?: string;
}

/** What is to be written, and what is told. */
export interface Adoption {
  readonly secrets: readonly AdoptedSecret[];
  /** Values to be written, by name. */
  readonly values: Readonly<Record<string, Secret>>;
  /** What is to be remembered, by name. */
  readonly previous: Readonly<Record<string, Previous>>;
}

/** What `found`, the values that hosts have by the secret's name, makes of a folder's secrets. Pure but for what it draws. */
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
        return value === undefined ? [] : [[one.told.secret, value] as const];
      }),
    );
  return {
    secrets: all.map(({ told }) => told),
    values: written((one) => one.value),
    previous: written((one) => one.previous),
  };
}

interface Adopted {
  readonly told: AdoptedSecret;
  readonly value?: Secret | undefined;
  readonly previous?: Previous | undefined;
}

type Writes = Omit<Adopted, 'told'>;

interface InFolder {
  readonly present: Secret | undefined;
  readonly previous: Previous;
  readonly onDifference: OnDifference;
}

function adopt(secret: string, rule: SecretRule, found: readonly HostSecret[], folder: InFolder): Adopted {
  const { present, previous, onDifference } = folder;
  const carriers = hostsOf(found);
  const told = (
    outcome: AdoptionOutcome,
    more: Omit<Partial<AdoptedSecret>, 'secret' | 'outcome'> = {},
    writes: Writes = {},
  ): Adopted => ({ told: { secret, outcome, hosts: carriers, ...more }, ...writes });
  if (found.length === 0) return told(present ? 'same' : 'absent');
  const differing = present ? found.filter((one) => !isOf(one, present)) : found;
  const others = hostsOf(differing);
  if (present && differing.length === 0) return told('same');
  if (present && onDifference === 'keep') {
    return told('kept', { hosts: others }, { previous: remembered(secret, rule, differing, previous) });
  }
  // On one host of several it is drift, which the next deployment repairs.
  if (present && differing.length < found.length && !twoAgree(differing)) return told('same', { others });
  const isFormer = (one: HostSecret): boolean => previous.values.some((former) => isOf(one, former));
  if (present && onDifference === 'refuse' && differing.every(isFormer)) return told('kept');

  const value = valueOf(secret, rule, found);
  if (value === undefined) return told('unreadable');
  const strange = hostsOf(found.filter((one) => !isOf(one, value)));
  if (strange.length > 0) {
    return told('disagree', { hosts: carriers.filter((host) => !strange.includes(host)), others: strange });
  }
  if (present && onDifference === 'refuse') return told('differs', { others });
  const weakness = weaknessOf(secret, value.reveal(), rule);
  if (weakness?.severity === 'error') return told('unfit', { why: weakness.message });
  return told('adopted', {}, { value, previous: previous.any ? { ...previous, any: false } : undefined });
}

/** Whether what stands at a place is that secret, as far as the place tells. */
function isOf({ place, found }: HostSecret, secret: Secret): boolean {
  return (place.holds?.(secret) ?? secret.reveal()) === found;
}

/** The secret that the first host has of which one can be read back. A beginning is completed: any end will do. */
function valueOf(name: string, rule: SecretRule, found: readonly HostSecret[]): Secret | undefined {
  const whole = found.find(({ place }) => (place.restores ?? 'all') === 'all');
  if (whole) return new Secret(name, whole.found);
  const beginning = found.find(({ place }) => place.restores === 'beginning');
  return beginning && completed(name, rule, beginning.found);
}

function completed(name: string, rule: SecretRule, beginning: string): Secret {
  return new Secret(name, beginning + generateValue(name, rule).slice(beginning.length));
}

/** Former values with what the hosts have; where that cannot be read back, whatever they have. */
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
