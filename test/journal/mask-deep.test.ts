import { expect, it } from 'vitest';
import { maskDeep } from '../../src/journal/mask-deep.ts';

const mask = (text: string): string => text.replaceAll('hunter2', '<secret>');

it('masks strings at any depth, in lists, objects and maps, and keeps what they are', () => {
  const found = maskDeep(
    { list: ['hunter2', 1], answers: new Map([['a', { reachable: true, observed: 'is hunter2' }]]) },
    mask,
  );
  expect(found).toEqual({
    list: ['<secret>', 1],
    answers: new Map([['a', { reachable: true, observed: 'is <secret>' }]]),
  });
});
