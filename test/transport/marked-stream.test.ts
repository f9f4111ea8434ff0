import { describe, expect, it } from 'vitest';
import { MarkedStream } from '../../src/transport/marked-stream.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';

const MARK = 'osha-0123456789abcdef';

/** What is heard of a stream that arrives in pieces of so many bytes. */
function heard(
  stream: Buffer,
  pieceBytes: number,
): { readonly text: string; readonly said: readonly string[] } {
  const pieces: Buffer[] = [];
  const said: string[] = [];
  const marked = new MarkedStream(MARK, {
    bytes: (bytes) => pieces.push(bytes),
    said: (line) => said.push(line),
  });
  for (let at = 0; at < stream.length; at += pieceBytes) marked.feed(stream.subarray(at, at + pieceBytes));
  return { text: Buffer.concat(pieces).toString('latin1'), said };
}

describe('a stream of a remote loop', () => {
  const stream = Buffer.from(
    `\x1e${MARK} begin 1\nno line end\x1e${MARK} end 1 0\n\x1e\x1e${MARK.slice(0, -1)}x begin 2\n\x1e${MARK} lock held ann, run 7\n\xff\x1e`,
    'latin1',
  );

  it.each([1, 2, 7, 29, 1000])('is taken apart in the same way in pieces of %i bytes', (pieceBytes) => {
    const { text, said } = heard(stream, pieceBytes);
    expect(said).toEqual(['begin 1', 'end 1 0', 'lock held ann, run 7']);
    // The last byte could begin a mark, and is kept back.
    expect(text).toBe(`no line end\x1e\x1e${MARK.slice(0, -1)}x begin 2\n\xff`);
  });

  it('passes on at once what cannot belong to a mark', () => {
    expect(heard(Buffer.from('50%'), 1000).text).toBe('50%');
  });

  it('takes a time that grows with the bytes and not with their square, also where each could begin a mark', () => {
    const taken = cpuTimeMs(() => {
      expect(heard(Buffer.alloc(20_000_000, 0x1e), 32_768).text).toHaveLength(19_999_999);
    });
    expect(taken).toBeLessThan(3000);
  });
});
