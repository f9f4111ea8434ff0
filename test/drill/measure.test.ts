import { describe, expect, it } from 'vitest';
import { firstAnswerAfter, measure, type Sample } from '../../src/drill/measure.ts';

/** `12 30 +`: began at 12, took 30, was answered; `-` was not. */
function samplesOf(text: string): readonly Sample[] {
  return text
    .split(',')
    .filter((one) => one.trim() !== '')
    .map((one) => {
      const [startMs = '', tookMs = '', sign] = one.trim().split(' ');
      return { startMs: Number(startMs), tookMs: Number(tookMs), answered: sign === '+' };
    });
}

describe('outages', () => {
  it.each([
    ['no samples', '', []],
    ['only answers', '0 5 +, 250 5 +', []],
    ['one failure between answers', '0 5 +, 250 2000 -, 500 5 +', ['250-505']],
    ['failures in a row', '0 5 +, 250 9 -, 500 9 -, 750 9 -, 1000 7 +', ['250-1007']],
    ['two outages', '0 5 +, 250 9 -, 500 5 +, 750 9 -, 1000 5 +', ['250-505', '750-1005']],
    ['a slow answer that a later attempt overtakes', '0 9 -, 250 1900 +, 500 5 +', ['0-505']],
    ['an outage that does not end', '0 5 +, 250 2000 -, 500 2000 -', ['250-2500, not over']],
    ['nothing but failures', '0 10 -', ['0-10, not over']],
    ['samples that arrive in another order', '500 5 +, 0 5 +, 250 2000 -', ['250-505']],
  ])('are found in %s', (_, text, wanted) => {
    const { outages } = measure(samplesOf(text));
    expect(outages.map(({ fromMs, toMs, ended }) => `${fromMs}-${toMs}${ended ? '' : ', not over'}`)).toEqual(
      wanted,
    );
  });

  it('are summed up, and the longest is named', () => {
    const found = measure(samplesOf('0 5 +, 250 9 -, 500 0 +, 750 9 -, 1000 9 -, 1250 0 +'));
    expect(found).toMatchObject({ samples: 6, failed: 3, longestMs: 500, downtimeMs: 750 });
  });

  it('are found in the samples of two hours at the highest rate', () => {
    const samples = Array.from({ length: 2 * 3600 * 50 }, (_, at): Sample => {
      return { startMs: at * 20, tookMs: 5, answered: at !== 1 };
    });
    expect(measure(samples)).toMatchObject({ failed: 1, longestMs: 25, longestGapMs: 20 });
  });

  it('may hide in the longest time without an attempt', () => {
    expect(measure(samplesOf('0 5 +, 250 5 +, 4000 5 +, 4250 5 +')).longestGapMs).toBe(3750);
  });
});

describe('the first answer after the host was taken away', () => {
  it.each([
    ['is that after the last outage', '0 5 +, 250 9 -, 500 5 +, 750 9 -, 1000 5 +', 200, 805],
    ['counts an outage that had begun a little before', '0 5 +, 250 9 -, 500 5 +', 300, 205],
    ['is absent without an outage', '0 5 +, 250 5 +', 100, undefined],
    ['ignores an outage that was over before', '0 9 -, 250 5 +, 500 5 +', 400, undefined],
    ['is absent where the outage did not end', '0 5 +, 250 9 -', 100, undefined],
  ])('%s', (_, text, momentMs, wanted) => {
    expect(firstAnswerAfter(measure(samplesOf(text)), momentMs)).toBe(wanted);
  });
});
