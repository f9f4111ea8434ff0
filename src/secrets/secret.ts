import { inspect } from 'node:util';

/** The mask that replaces a secret in all output. */
export function maskOf(name: string): string {
  return `<secret ${name}>`;
}

/**
 * A value that cannot be printed by accident: `String()`, template literals, `JSON.stringify` and `util.inspect` all
 * return its mask. Only `reveal()` returns the value, so that every use of the value can be found by that name.
 */
export class Secret {
  readonly name: string;
  readonly #value: string;
  #family: Set<Secret>;

  /** For a given value. Use `derive` for a value that follows from another secret, so that both are masked. */
  constructor(name: string, value: string) {
    this.name = name;
    this.#value = value;
    this.#family = new Set([this]);
  }

  /** A secret derived from this one, such as a hash or a part. Masking either masks both. */
  derive(make: (value: string) => string, name = this.name): Secret {
    const derived = new Secret(name, make(this.#value));
    derived.#family = this.#family;
    const isKnown = [...this.#family].some((one) => one.#value === derived.#value);
    if (!isKnown) this.#family.add(derived);
    return derived;
  }

  /** This secret, its origin, and everything derived from either so far. */
  get family(): ReadonlySet<Secret> {
    return this.#family;
  }

  /** The value itself. Callers may pass it only on stdin, or into a file on the host. */
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
