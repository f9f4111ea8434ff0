import { inspect } from 'node:util';
import { maskOf, Secret } from './secret.ts';

/** The possible parts of the text of a file or script. */
export type Text = string | Secret | SecretText;

/**
 * Text with secrets, made by a template: it knows which parts are secret, so it can be shown masked, and a diff can be
 * masked by line.
 */
export class SecretText {
  readonly parts: readonly (string | Secret)[];

  constructor(parts: readonly (string | Secret)[]) {
    this.parts = parts;
  }

  /** The text with secrets revealed, for the host. */
  reveal(): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : part.reveal())).join('');
  }

  /** The text with secrets masked, for output. */
  masked(): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : maskOf(part.name))).join('');
  }

  /** Its secrets, in the order of the text. */
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

/** `text` converted to `SecretText`. */
export function asSecretText(text: Text): SecretText {
  if (text instanceof SecretText) return text;
  return new SecretText([text]);
}

/**
 * A template tag for text that may contain secrets: text`password = ${secrets.databaseRoot}`. Numbers are formatted
 * plainly; lists are joined with newlines.
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
