import { isRecord } from '../yaml/parse.ts';
import { Secret } from './secret.ts';

/** The key of a secrets file that holds the values that `secrets rotate` replaced, by the secret's name. */
export const PREVIOUS_KEY = 'previous';

/** In place of a value: the secret was replaced on purpose, without knowing the hosts' value. */
export const ANY = 'any';

/** Former values kept per secret: a deployment recognises a host that missed this many rotations. */
const MOST_KEPT = 5;

/** The former values of a secret. */
export interface Previous {
  /** Newest first. */
  readonly values: readonly Secret[];
  /** Any value on the hosts may be replaced. */
  readonly any: boolean;
}

export type PreviousByName = Readonly<Record<string, Previous>>;

export const NOTHING_BEFORE: Previous = { values: [], any: false };

/** The mapping under `previous`, and the names whose entry is invalid. */
export function previousIn(value: unknown): {
  readonly previous: PreviousByName;
  readonly unusable: readonly string[];
} {
  const previous: Record<string, Previous> = {};
  const unusable: string[] = [];
  for (const [name, entry] of Object.entries(isRecord(value) ? value : {})) {
    const items: readonly unknown[] = Array.isArray(entry) ? entry : [entry];
    const texts = items.filter((item) => typeof item === 'string');
    if (texts.length < items.length) unusable.push(name);
    previous[name] = {
      values: texts.filter((text) => text !== ANY).map((text) => new Secret(`previous ${name}`, text)),
      any: texts.includes(ANY),
    };
  }
  return { previous, unusable };
}

/** Adds these values as the newest. */
export function withPrevious(before: Previous | undefined, newer: readonly string[]): Previous {
  const { values, any } = before ?? NOTHING_BEFORE;
  const texts = [...new Set([...newer, ...values.map((value) => value.reveal())])].slice(0, MOST_KEPT);
  const name = values[0]?.name ?? 'previous value';
  return { values: texts.map((text) => new Secret(name, text)), any };
}

/** The entry as written in the file. */
export function previousTexts(previous: Previous): readonly string[] {
  return [...previous.values.map((value) => value.reveal()), ...(previous.any ? [ANY] : [])];
}
