/** A Markdown table; the cells of a row are Markdown themselves. */
export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)];
}

/** A pipe would end the cell, also within backticks. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Text of the program's: what Markdown would take for HTML or emphasis is escaped. */
export function plain(text: string): string {
  return text.replaceAll(/[<>*[\]]|(?<!\w)_|_(?!\w)/g, (sign) => `\\${sign}`);
}

export function code(text: string): string {
  return `\`${text}\``;
}
