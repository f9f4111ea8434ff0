import { expect, it } from 'vitest';
import { inOrder } from '../../src/planner/order.ts';

it('puts a playbook behind what it needs, and otherwise keeps the order given', () => {
  const given = [
    { name: 'haproxy', needs: ['galera', 'base'] },
    { name: 'base' },
    { name: 'galera', needs: ['base'] },
    { name: 'memcached', needs: ['base'] },
  ];
  expect(inOrder(given).map(({ name }) => name)).toEqual(['base', 'galera', 'haproxy', 'memcached']);
});

it('lets a playbook need what this deployment does not have', () => {
  expect(inOrder([{ name: 'nova', needs: ['ceph'] }]).map(({ name }) => name)).toEqual(['nova']);
});

it('names the circle that playbooks need each other in', () => {
  expect(() =>
    inOrder([
      { name: 'a', needs: ['b'] },
      { name: 'b', needs: ['a'] },
    ]),
  ).toThrow('a -> b -> a');
});
