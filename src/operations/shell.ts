/** `value` quoted as one word of a POSIX shell. Never for a secret: scripts are visible. */
export function quote(value: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(value)) return value;
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** Each of `values` quoted, with spaces between. */
export function quoteAll(values: readonly string[]): string {
  return values.map(quote).join(' ');
}
