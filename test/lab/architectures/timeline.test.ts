import { describe, expect, it } from 'vitest';
import { outOfOrder, overlapsOf, samplesOf, spansOf } from './timeline.ts';

const samples = [
  ...samplesOf('one', 'noise\n100 vip web\n300 vip web\n500 vip\n700\n900\n'),
  ...samplesOf('two', '110\n310\n510\n710 vip\n910 vip web\n'),
];

describe('when something ran', () => {
  it('is from the first sample that saw it to the last', () => {
    expect(spansOf('web', samples)).toEqual([
      { host: 'one', from: 100, to: 300 },
      { host: 'two', from: 910, to: 910 },
    ]);
  });

  it('is parted by a sample that did not see it', () => {
    expect(spansOf('web', samplesOf('one', '1 web\n2\n3 web\n4 web'))).toEqual([
      { host: 'one', from: 1, to: 1 },
      { host: 'one', from: 3, to: 4 },
    ]);
  });
});

describe('something that runs on two hosts', () => {
  it.each([
    ['one after another', samples, []],
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
  it('is kept where each runs only with what comes before it', () => {
    expect(outOfOrder(['vip', 'web'], samples)).toEqual([]);
  });

  it('is broken where one runs without it', () => {
    expect(outOfOrder(['vip', 'web'], samplesOf('one', '100 web\n200 vip web'))).toEqual([
      'web ran on one without vip at 100',
    ]);
  });
});
