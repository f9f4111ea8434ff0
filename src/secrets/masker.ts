import { formsOf } from './encoded-forms.ts';
import { maskOf, type Secret } from './secret.ts';

/** `text` so that a regular expression takes it literally. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/**
 * A function that puts each secret's mask in place of its value, and of the value's base64, URL-encoded and JSON forms
 * where it has at least 8 characters. For whatever a command printed or an error says, before anybody sees it. A value
 * cut in two (by chunks of output) is not found: mask whole lines.
 */
export function createMasker(secrets: readonly Secret[]): (text: string) => string {
  const masks = new Map<string, string>();
  for (const secret of secrets) {
    for (const form of formsOf(secret.reveal())) if (!masks.has(form)) masks.set(form, maskOf(secret.name));
  }
  if (masks.size === 0) return (text) => text;
  // The longest first: one value can be the beginning of another.
  const forms = [...masks.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(forms.map(escapePattern).join('|'), 'g');
  return (text) => text.replaceAll(pattern, (form) => masks.get(form) ?? form);
}
