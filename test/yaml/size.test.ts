import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/yaml/parse.ts';

const several = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('');

describe('an anchor', () => {
  it.each([100, 150, 5000])('can be used %i times', (count) => {
    const { value, problems } = parseYaml('F', `a: &x { b: 1 }\nl:\n${several(count, () => '  - *x\n')}`);
    expect(problems).toEqual([]);
    expect((value as { l: readonly unknown[] }).l).toHaveLength(count);
  });

  it('has the value of the last one before the alias', () => {
    const { value } = parseYaml('F', 'a: &x 1\nb: *x\nc: &x 2\nd: *x\n');
    expect(value).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });
});

/** Each is a file that a person or an attacker could write, and of at most 1 MiB, which is all that is read. */
describe('a file is read in seconds', () => {
  const nested = (open: string, close: string): string =>
    `a0: &a0 ${open}x${close}\n${several(30, (index) => `a${index + 1}: &a${index + 1} ${open}*a${index}, *a${index}${close}\n`)}`;
  it.each<[string, string, string | undefined]>([
    ['aliases of aliases', nested('[', ']'), 'its aliases (*name) expand to too many values'],
    [
      'thousands of aliases',
      `a: &x 1\nl:\n${several(20_000, () => '  - *x\n')}`,
      'its aliases (*name) expand to too many values',
    ],
    ['thousands of anchors', several(2000, (i) => `k${i}: &a${i} 1\nl${i}: *a${i}\n`), undefined],
    ['thousands of keys', several(10_000, (i) => `k${i}: 1\n`), undefined],
    ['thousands of equal keys', several(3000, () => 'a: 1\n'), '"a" is written twice'],
  ])('with %s', (_what, text, message) => {
    const started = performance.now();
    const { problems } = parseYaml('F', text);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(problems[0]?.message).toBe(message);
  });
});
