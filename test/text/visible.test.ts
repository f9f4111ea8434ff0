import { describe, expect, it } from 'vitest';
import { visible, visibleBehind, visibleInLine, jsonLine } from '../../src/text/visible.ts';
import { HOSTILE, LIVE } from '../support/hostile.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';

describe('untrusted text', () => {
  it.each([
    ['an escape sequence', 'a\u001b[2Jb', 'a\\x1b[2Jb'],
    ['a style, which is removed', '\u001b[1;31mbad\u001b[0m', 'bad'],
    ['a style by C1', '\u009b31mbad', 'bad'],
    ['C1', '\u009d0;t\u009c', '\\x9d0;t\\x9c'],
    ['DEL', 'a\u007f', 'a\\x7f'],
    ['a turned direction', '\u202egpj', '\\u202egpj'],
    ['a tag', '\u{e0041}', '\\u{e0041}'],
    ['newlines and tabs, which are kept', 'a\tb\nc', 'a\tb\nc'],
    ['a newline of another system', 'a\r\nb', 'a\nb'],
    ['a carriage return alone', 'bad\rgood', 'bad\\rgood'],
    ['letters of any script, and emoji', 'é 日本 🚀', 'é 日本 🚀'],
  ])('is shown with %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('has its newlines and tabs escaped in a single line', () => {
    expect(visibleInLine('a\tb\r\nc\u001b[0m')).toBe('a\\tb\\r\\nc');
  });

  it('after a label does not look like a separate message', () => {
    expect(`failed: ${visibleBehind('a\nok c2\n')}`).toBe('failed: a\n    ok c2');
  });

  it('is shown in linear time', () => {
    const taken = cpuTimeMs(() => {
      visible('\u001b['.repeat(200_000));
      visible('\u001b[1;'.repeat(100_000));
      visible(`\u001b[${'1;'.repeat(100_000)}`);
    });
    expect(taken).toBeLessThan(5_000);
  });
});

describe('a line of JSON', () => {
  it.each(Object.entries(HOSTILE))('that tries to %s is exact and has no effect', (_, [text]) => {
    const line = jsonLine({ [text]: [text] });
    expect(line).not.toMatch(LIVE);
    expect(JSON.parse(line)).toEqual({ [text]: [text] });
  });
});
