import { expect, it } from 'vitest';
import { summary } from '../render/events.ts';
import { exitCodeOf } from '../../src/cli/io.ts';

const all = { a: { failed: 1, changes: 1 }, b: { unreachable: true } };

it.each([
  ['nothing to do', summary({ a: { ok: 9 } }), {}, 0],
  ['changes made', summary({ a: { changes: 2 } }), {}, 0],
  ['a step failed', summary({ a: { failed: 1, changes: 3 } }), {}, 1],
  ['changes pending, with --exit-code', summary({ a: { changes: 1 } }), { pendingIsError: true }, 3],
  ['no change pending, with --exit-code', summary({ a: { ok: 1 } }), { pendingIsError: true }, 0],
  ['a host unreachable, and another one failed', summary(all), { pendingIsError: true }, 4],
  ['refused, whatever else happened', summary(all, { refused: 'no quorum' }), {}, 5],
  ['interrupted, whatever else happened', summary(all, { refused: 'no quorum', interrupted: true }), {}, 130],
])('the exit code of a run: %s', (_, run, options, code) => {
  expect(exitCodeOf(run, options)).toBe(code);
});
