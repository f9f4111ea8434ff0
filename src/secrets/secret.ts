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

  constructor(name: string, value: string) {
    this.name = name;
    this.#value = value;
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
