import { inspect } from 'node:util';

/** What stands in place of a secret wherever it could be read by a person. */
export function maskOf(name: string): string {
  return `<secret ${name}>`;
}

/**
 * A value that cannot be printed by accident: `String()`, template literals, `JSON.stringify` and `util.inspect`
 * all give its mask. Only `reveal()` gives the value, so that every place that does so can be found by its name.
 */
export class Secret {
  readonly name: string;
  readonly #value: string;
  #family: Set<Secret>;

  /** Of a value that is given. What follows from another secret is made by `derive`, so that it is masked like that one. */
  constructor(name: string, value: string) {
    this.name = name;
    this.#value = value;
    this.#family = new Set([this]);
  }

  /** A secret that follows from this one, such as a hash or a part of it. Whoever masks this one masks that one too. */
  derive(make: (value: string) => string, name = this.name): Secret {
    const derived = new Secret(name, make(this.#value));
    derived.#family = this.#family;
    const isKnown = [...this.#family].some((one) => one.#value === derived.#value);
    if (!isKnown) this.#family.add(derived);
    return derived;
  }

  /** This secret and all that is derived from it or from what it was derived from, so far. */
  get family(): ReadonlySet<Secret> {
    return this.#family;
  }

  /** The value itself. Its callers may only pass it on over stdin, or into a file on the host. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return maskOf(this.name);
  }

  toJSON(): string {
    return maskOf(this.name);
  }

  [inspect.custom](): string {
    return maskOf(this.name);
  }
}
