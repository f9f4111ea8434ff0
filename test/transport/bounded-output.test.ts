import { describe, expect, it } from 'vitest';
import { BoundedOutput, cutNote } from '../../src/transport/bounded-output.ts';

function collect(maxBytes: number, chunks: readonly Buffer[]): { output: BoundedOutput; streamed: string } {
  const streamed: string[] = [];
  const output = new BoundedOutput(maxBytes, (piece) => streamed.push(piece));
  for (const chunk of chunks) output.add(chunk);
  output.end();
  return { output, streamed: streamed.join('') };
}

/** `count` lines of 8 bytes, numbered. */
const lines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `${String(from + index).padStart(7, '0')}\n`).join('');

describe('the output of a command', () => {
  it.each([1, 7, 1000, 100_000])('is whole if it fits, in chunks of %i bytes', (size) => {
    const bytes = Buffer.from('é日🚀'.repeat(1000));
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    const { output, streamed } = collect(bytes.length, chunks);
    expect(output.text()).toBe(bytes.toString());
    expect(streamed).toBe(bytes.toString());
    expect(output.cutBytes).toBe(0);
  });

  it('is whole if the bytes after the head fit into the tail', () => {
    const text = lines(10_000);
    const { output, streamed } = collect(70_000, [Buffer.from(text)]);
    expect(output.text()).toBe(text);
    expect(streamed).toBe(text);
    expect(output.isFull).toBe(true);
  });

  it.each([1, 999, 65_536, 10_000_000])(
    'is cut between lines, and counts what is missing, in chunks of %i bytes',
    (size) => {
      const bytes = Buffer.from(lines(100_000));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      const { output, streamed } = collect(8004, chunks);
      const text = output.text();
      expect(streamed).toBe(text);
      const [head = '', tail = ''] = text.split(cutNote(output.cutBytes));
      expect(bytes.toString().startsWith(head)).toBe(true);
      if (size > 8) expect(head).toBe(lines(1000));
      expect(tail).toBe(lines(8191, 100_000 - 8191));
      expect(head.length + tail.length + output.cutBytes).toBe(bytes.length);
    },
  );

  it('takes constant time per byte, also without line ends', () => {
    const started = performance.now();
    const chunk = Buffer.alloc(1024, 'x');
    collect(
      16 * 1024 * 1024,
      Array.from({ length: 200 * 1024 }, () => chunk),
    );
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
