import type { Output } from '../../src/render/output.ts';

/** An output that keeps what was written. */
export function listening(columns?: number): Output & { readonly text: () => string } {
  let written = '';
  return {
    write: (text) => {
      written += text;
    },
    text: () => written,
    ...(columns === undefined ? {} : { columns, rows: 30 }),
  };
}
