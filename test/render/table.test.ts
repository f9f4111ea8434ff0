import { describe, expect, it } from 'vitest';
import { createColors } from '../../src/render/output.ts';
import { table } from '../../src/render/table.ts';
import { cutTo, duration, listOf, widthOf, wrapTo } from '../../src/render/text.ts';

const colors = createColors(false);
const columns = [{ title: 'host' }, { title: 'changed', right: true }, { title: 'why' }];
const row = ['controller1', '3', 'the quick brown fox jumps over the lazy dog'];

describe('a table', () => {
  it('is as wide as its content without a width, so that pipes get whole lines', () => {
    expect(table(columns, [row], { colors })).toBe(
      'HOST         CHANGED  WHY\ncontroller1        3  the quick brown fox jumps over the lazy dog',
    );
  });

  it('wraps its widest column where the terminal is too narrow', () => {
    expect(table(columns, [row], { colors, width: 40 })).toBe(
      [
        'HOST         CHANGED  WHY',
        'controller1        3  the quick brown',
        '                      fox jumps over the',
        '                      lazy dog',
      ].join('\n'),
    );
  });

  it('colours its cells without moving its columns', () => {
    const bad = createColors(true).bad;
    const colored = table(
      [{ title: 'a' }, { title: 'b' }],
      [
        [{ text: 'no', style: bad }, 'x'],
        ['yes', 'y'],
      ],
      {
        colors,
      },
    );
    expect(colored).toBe(`A    B\n${bad('no')}   x\nyes  y`);
  });
});

describe('text', () => {
  it.each([
    ['abc', 3],
    ['\u001b[31mabc\u001b[39m', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['🚀', 2],
  ])('%j takes %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  it.each([
    [40, '0.0 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [3_900_000, '1 h 5 min'],
  ])('%i ms are %s', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });

  it('is cut by columns, not by characters', () => {
    expect(cutTo('日本語', 5)).toBe('日本…');
  });

  it('is broken inside of a word only where the word is longer than a line', () => {
    expect(wrapTo('ab abcdefgh', 4)).toEqual(['ab', 'abcd', 'efgh']);
  });

  it('lists some of many names and counts the others', () => {
    expect(listOf(['a', 'b', 'c', 'd'], 3)).toBe('a, b and 2 more');
    expect(listOf(['a', 'b', 'c'], 3)).toBe('a, b, c');
  });
});
