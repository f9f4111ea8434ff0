import { GuardedOutput } from '../../src/render/output.ts';

/** A guarded output that keeps what was written. */
export function listening(columns?: number): GuardedOutput & { readonly text: () => string } {
  let written = '';
  const output = new GuardedOutput({
    write: (text) => {
      written += text;
    },
    ...(columns === undefined ? {} : { columns, rows: 30 }),
  });
  return Object.assign(output, { text: () => written });
}
