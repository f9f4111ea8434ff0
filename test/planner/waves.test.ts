import { describe, expect, it } from 'vitest';
import { beside, inWaves } from '../../src/planner/waves.ts';

interface Given {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly sideBySide?: string;
}

const alone = (name: string, ...needs: readonly string[]): Given => ({ name, needs });
const api = (name: string, ...needs: readonly string[]): Given => ({ name, needs, sideBySide: 'apis' });

describe('waves', () => {
  it.each<[string, readonly Given[], readonly (readonly string[])[]]>([
    ['are of one playbook each unless it is asked otherwise', [alone('a'), alone('b')], [['a'], ['b']]],
    ['join those that follow one another with one name', [api('a'), api('b'), api('c')], [['a', 'b', 'c']]],
    ['keep apart what has different names', [api('a'), { ...api('b'), sideBySide: 'x' }], [['a'], ['b']]],
    [
      'end where something that runs by itself comes between',
      [api('a'), alone('x'), api('b')],
      [['a'], ['x'], ['b']],
    ],
    [
      'end before whoever needs one of them',
      [api('a'), api('b'), api('c', 'a'), api('d')],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
  ])('%s', (_, given, expected) => {
    expect(inWaves(given, given).map((wave) => wave.map(({ name }) => name))).toEqual(expected);
  });

  it('keep apart who needs another by way of one that does not run now', () => {
    const [a, b, c] = [api('a'), alone('b', 'a'), api('c', 'b')];
    expect(inWaves([a, c], [a, b, c])).toEqual([[a], [c]]);
  });

  it('say who runs beside whom', () => {
    const waves = inWaves([api('a'), api('b'), alone('c')], []);
    expect(beside(waves, 'b').map(({ name }) => name)).toEqual(['a']);
    expect(beside(waves, 'c')).toEqual([]);
  });
});
