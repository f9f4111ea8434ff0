/**
 * What is wrong with a regular expression of the broker's, or `undefined`. The broker's are Perl's: what those have and
 * JavaScript's have not is put into the latter's words first, so that nothing right is refused.
 */
export function regexFault(pattern: string): string | undefined {
  const inJavaScript = pattern
    .replaceAll(/\(\?[imsxU-]+\)/g, '')
    .replaceAll(/\(\?[imsxU-]+:/g, '(?:')
    .replaceAll('(?>', '(?:')
    .replaceAll('(?|', '(?:')
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\(\?#[^)]*\)/g, '')
    // What is possessive: a++, a*+, a?+, a{2}+.
    .replaceAll(/(?<!\\)([*+?}])\+/g, '$1');
  try {
    new RegExp(inJavaScript);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.slice(message.lastIndexOf(': ') + 2).toLowerCase();
  }
}
