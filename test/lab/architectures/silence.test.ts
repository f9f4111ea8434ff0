import { expect, it } from 'vitest';
import { longestGap } from './silence.ts';

it.each([
  ['no moment', [], 0],
  ['one moment', [5], 0],
  ['moments with one long gap', [100, 200, 1300, 1400], 1100],
])('the longest gap of %s', (_, moments, gap) => {
  expect(longestGap(moments)).toBe(gap);
});
