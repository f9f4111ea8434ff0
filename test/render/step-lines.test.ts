import { expect, it } from 'vitest';
import { createColors } from '../../src/render/output.ts';
import { diffText } from '../../src/render/step-lines.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';

const colors = createColors(false);
const path = '/etc/x';

it.each([
  [
    'a change with three lines of context',
    { path, before: '1\n2\n3\n4\n5\n6\n7\n8\n9\n', after: '1\n2\n3\n4\nfive\n6\n7\n8\n9\n' },
    '--- /etc/x\n+++ /etc/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8',
  ],
  ['a new file', { path, after: 'a\n' }, '--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,1 @@\n+a'],
  ['a file that goes', { path, before: 'a\n' }, '--- /etc/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a'],
  [
    'texts that are equal once masked',
    { path, before: 'k = <secret a>\n', after: 'k = <secret a>\n' },
    '--- /etc/x\n+++ /etc/x\n  (only secrets differ)',
  ],
  [
    'an end of line that is missing',
    { path, before: 'a', after: 'a\n' },
    '--- /etc/x\n+++ /etc/x\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a',
  ],
])('a diff shows %s', (_, diff, text) => {
  expect(diffText(diff, colors)).toBe(text);
});

it('two texts with nothing in common are not compared for minutes', () => {
  const lines = (word: string): string =>
    Array.from({ length: 20_000 }, (_, index) => `${word} ${index}`).join('\n');
  const taken = cpuTimeMs(() => {
    expect(diffText({ path, before: lines('old'), after: lines('new') }, colors)).toContain(
      'too many differences',
    );
  });
  expect(taken).toBeLessThan(5000);
});
