import { describe, expect, it } from 'vitest';
import { outOfOrder, overlapsOf, samplesOf, spansOf } from './timeline.ts';

const samples = [
  ...samplesOf('one', 'noise\n100 vip web\n300 vip web\n500 vip\n700\n900\n'),
  ...samplesOf('two', '110\n310\n510\n710 vip\n910 vip web\n'),
];

describe('a span', () => {
  it('lasts from the first sample that saw it to the last', () => {
    expect(spansOf('web', samples)).toEqual([
      { host: 'one', from: 100, to: 300 },
      { host: 'two', from: 910, to: 910 },
    ]);
  });

  it('is split by a sample that did not see it', () => {
    expect(spansOf('web', samplesOf('one', '1 web\n2\n3 web\n4 web'))).toEqual([
      { host: 'one', from: 1, to: 1 },
      { host: 'one', from: 3, to: 4 },
    ]);
  });
});

describe('overlaps between hosts', () => {
  it.each([
    ['none for one at a time', samples, []],
    [
      'at once',
      [...samplesOf('one', '100 web\n300 web'), ...samplesOf('two', '200 web\n400 web')],
      ['web ran on one and two for 100 ms'],
    ],
    [
      'within the time of the other',
      [...samplesOf('one', '100 web\n300 web\n500 web'), ...samplesOf('two', '200 web')],
      ['web ran on one and two for 0 ms'],
    ],
    ['twice on the same host', samplesOf('one', '100 web\n300\n500 web'), []],
  ])('%s', (_, given, overlaps) => {
    expect(overlapsOf('web', given)).toEqual(overlaps);
  });
});

describe('an order', () => {
  it('is kept if each runs only with its predecessors', () => {
    expect(outOfOrder(['vip', 'web'], samples)).toEqual([]);
  });

  it('is broken if one runs without a predecessor', () => {
    expect(outOfOrder(['vip', 'web'], samplesOf('one', '100 web\n200 vip web'))).toEqual([
      'web ran on one without vip at 100',
    ]);
  });
});
