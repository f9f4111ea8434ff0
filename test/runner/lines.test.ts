import { describe, expect, it } from 'vitest';
import { BoundedLines, LineCutter } from '../../src/runner/lines.ts';

function cut(chunks: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const cutter = new LineCutter((line) => lines.push(line));
  for (const chunk of chunks) cutter.write(chunk);
  cutter.end();
  return lines;
}

describe('a stream of output is cut into lines', () => {
  it.each([
    ['wherever its chunks end', ['a', 'b\nc', '\n', 'd'], ['ab', 'c', 'd']],
    ['also between the two characters of a line end', ['a\r', '\nb'], ['a', 'b']],
    ['and anew where a progress bar begins again', ['10%\r20%', '\r\n'], ['10%', '20%']],
    ['without those that are blank', ['\n \n\na'], ['a']],
  ])('%s', (_, chunks, lines) => {
    expect(cut(chunks)).toEqual(lines);
  });

  it('in linear time, even if it is one line of 64 MiB', () => {
    const started = performance.now();
    const chunk = 'x'.repeat(4096);
    expect(cut(Array.from({ length: 16 * 1024 }, () => chunk))[0]).toHaveLength(64 * 1024 * 1024);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

it('a flood of lines is emitted up to its limit, followed by the number of lines left out', () => {
  const told: string[] = [];
  const lines = new BoundedLines(1000, (line) => told.push(line));
  for (let chunk = 0; chunk < 1000; chunk += 1) lines.write('y\n'.repeat(1000));
  lines.end();
  expect(told).toEqual([
    'y',
    'y',
    'y',
    '[osha: 999997 lines (976.6 KiB) are left out; --max-output keeps more]',
  ]);
});
