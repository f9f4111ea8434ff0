import { describe, expect, it } from 'vitest';
import {
  isByProxy,
  wordsOf,
  pauseBefore,
  verdict,
  type Outcome,
  type Repeat,
} from '../../src/cloud/answer.ts';

const answer = (body: unknown, headers = {}): Parameters<typeof wordsOf>[0] => ({
  status: 400,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

describe('the message of a service', () => {
  it.each<[string, unknown, string]>([
    ['Keystone', { error: { code: 401, message: 'Who are you?', title: 'Unauthorized' } }, 'Who are you?'],
    ['Nova', { badRequest: { code: 400, message: 'Flavor is too small' } }, 'Flavor is too small'],
    [
      'Neutron',
      { NeutronError: { type: 'OverQuota', message: 'Quota exceeded', detail: '' } },
      'OverQuota: Quota exceeded',
    ],
    [
      'Placement',
      { errors: [{ status: 404, title: 'Not Found', detail: 'No such provider' }] },
      'No such provider',
    ],
    [
      'Glance',
      '<html><head><title>409 Conflict</title></head><body><h1>409 Conflict</h1>It is in use.<br/></body></html>',
      '409 Conflict It is in use.',
    ],
    ['no known format', '', ''],
  ])('is found in an error of %s', (_, body, words) => {
    expect(wordsOf(answer(body))).toBe(words);
  });

  it('is truncated if it is a whole page', () => {
    expect(wordsOf(answer('long '.repeat(1000))).length).toBeLessThan(700);
  });
});

it.each([
  [{ 'content-type': 'text/html' }, true],
  [{ 'content-type': 'text/html; charset=UTF-8', 'x-openstack-request-id': 'req-1' }, false],
  [{ 'content-type': 'application/json' }, false],
])('a response with the headers %o came from HAProxy: %s', (headers, expected) => {
  expect(isByProxy(answer('', headers))).toBe(expected);
});

const status = (code: number, byProxy = false): Outcome => ({ kind: 'status', status: code, byProxy });

describe('the next action after a request', () => {
  it.each<[string, Outcome, Record<Repeat, string>]>([
    ['succeeded', status(204), { safe: 'take', look: 'take', never: 'take' }],
    ['was rejected', status(409), { safe: 'fail', look: 'fail', never: 'fail' }],
    ['named a missing object', status(404), { safe: 'fail', look: 'fail', never: 'fail' }],
    ['was not sent', { kind: 'not-sent' }, { safe: 'again', look: 'again', never: 'again' }],
    ['found HAProxy without a backend', status(503, true), { safe: 'again', look: 'again', never: 'again' }],
    ['exceeded a rate limit', status(429), { safe: 'again', look: 'again', never: 'again' }],
    ['lost its connection', { kind: 'broken' }, { safe: 'again', look: 'look', never: 'fail' }],
    ['failed in the service', status(500), { safe: 'again', look: 'look', never: 'fail' }],
    ['lost its backend in HAProxy', status(502, true), { safe: 'again', look: 'look', never: 'fail' }],
    ['found the service unavailable', status(503), { safe: 'again', look: 'look', never: 'fail' }],
    ['timed out in HAProxy', status(504, true), { safe: 'again', look: 'look', never: 'fail' }],
  ])('fits a request that %s', (_, outcome, expected) => {
    const found = (['safe', 'look', 'never'] as const).map((repeat) => [repeat, verdict(repeat, outcome)]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  it('is to give up after repeated errors 500, but to ride out a database failover', () => {
    expect([0, 1, 2, 3].map((before) => verdict('safe', status(500), before))).toEqual([
      'again',
      'again',
      'again',
      'fail',
    ]);
    expect(verdict('safe', status(503), 99)).toBe('again');
  });
});

it('pauses longer from attempt to attempt, and never long', () => {
  expect([0, 1, 2, 3, 50].map(pauseBefore)).toEqual([250, 500, 1000, 2000, 2000]);
});
