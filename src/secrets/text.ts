import { inspect } from 'node:util';
import { maskOf, Secret } from './secret.ts';

/** Anything a file's or a script's text can be made of. */
export type Text = string | Secret | SecretText;

/**
 * Text with secrets in it, as a template made it: it knows which of its parts are secret, so it can be shown masked
 * and a diff of it can be masked line by line.
 */
export class SecretText {
  readonly parts: readonly (string | Secret)[];

  constructor(parts: readonly (string | Secret)[]) {
    this.parts = parts;
  }

  /** The text as the host has to get it. */
  reveal(): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : part.reveal())).join('');
  }

  /** The text as a person may see it. */
  masked(): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : maskOf(part.name))).join('');
  }

  /** Every secret in it, in the order of the text. */
  secrets(): readonly Secret[] {
    return this.parts.filter((part) => part instanceof Secret);
  }

  toString(): string {
    return this.masked();
  }

  toJSON(): string {
    return this.masked();
  }

  [inspect.custom](): string {
    return this.masked();
  }
}

/** `text` as `SecretText`, whatever it was made of. */
export function asSecretText(text: Text): SecretText {
  if (text instanceof SecretText) return text;
  return new SecretText([text]);
}

/**
 * A template tag for text that may hold secrets: text`password = ${secrets.databaseRoot}`. Numbers are written as
 * they are; a list is joined line by line.
 */
export function text(
  strings: TemplateStringsArray,
  ...values: readonly (Text | number | readonly Text[])[]
): SecretText {
  const parts: (string | Secret)[] = [];
  const add = (value: Text | number | readonly Text[]): void => {
    if (typeof value === 'number') parts.push(String(value));
    else if (typeof value === 'string' || value instanceof Secret) parts.push(value);
    else if (value instanceof SecretText) parts.push(...value.parts);
    else
      value.forEach((line, index) => {
        if (index > 0) parts.push('\n');
        add(line);
      });
  };
  strings.forEach((literal, index) => {
    parts.push(literal);
    const value = values[index];
    if (value !== undefined) add(value);
  });
  return new SecretText(parts);
}
