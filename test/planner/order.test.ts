import { expect, it, describe } from 'vitest';
import { inOrder, othersInWave, inWaves } from '../../src/planner/order.ts';

it('playbooks are sorted behind those they need, and otherwise keep their order', () => {
  const given = [
    { name: 'haproxy', needs: ['galera', 'base'] },
    { name: 'base' },
    { name: 'galera', needs: ['base'] },
    { name: 'memcached', needs: ['base'] },
  ];
  expect(inOrder(given).map(({ name }) => name)).toEqual(['base', 'galera', 'haproxy', 'memcached']);
});

it('a playbook may need one that the deployment does not have', () => {
  expect(inOrder([{ name: 'nova', needs: ['ceph'] }]).map(({ name }) => name)).toEqual(['nova']);
});

it('a cycle of needs is an error that names it', () => {
  expect(() =>
    inOrder([
      { name: 'a', needs: ['b'] },
      { name: 'b', needs: ['a'] },
    ]),
  ).toThrow('a -> b -> a');
});

interface Given {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly wave?: string;
}

const alone = (name: string, ...needs: readonly string[]): Given => ({ name, needs });
const api = (name: string, ...needs: readonly string[]): Given => ({ name, needs, wave: 'apis' });

describe('waves', () => {
  it.each<[string, readonly Given[], readonly (readonly string[])[]]>([
    ['have one playbook each by default', [alone('a'), alone('b')], [['a'], ['b']]],
    ['join consecutive playbooks with the same name', [api('a'), api('b'), api('c')], [['a', 'b', 'c']]],
    ['separate different names', [api('a'), { ...api('b'), wave: 'x' }], [['a'], ['b']]],
    ['end at a playbook that runs alone', [api('a'), alone('x'), api('b')], [['a'], ['x'], ['b']]],
    [
      'end before a playbook that needs one of them',
      [api('a'), api('b'), api('c', 'a'), api('d')],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
  ])('%s', (_, given, expected) => {
    expect(inWaves(given, given).map((wave) => wave.map(({ name }) => name))).toEqual(expected);
  });

  it('separate indirect needs, even if the one between is not selected', () => {
    const [a, b, c] = [api('a'), alone('b', 'a'), api('c', 'b')];
    expect(inWaves([a, c], [a, b, c])).toEqual([[a], [c]]);
  });

  it('list what runs in parallel with a playbook', () => {
    const waves = inWaves([api('a'), api('b'), alone('c')], []);
    expect(othersInWave(waves, 'b').map(({ name }) => name)).toEqual(['a']);
    expect(othersInWave(waves, 'c')).toEqual([]);
  });
});
