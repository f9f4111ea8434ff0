import { describe, expect, it } from 'vitest';
import { isByProxy, wordsOf } from '../../src/cloud/answer.ts';

const answer = (body: unknown, headers = {}): Parameters<typeof wordsOf>[0] => ({
  status: 400,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

describe('a refusal in its own words', () => {
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
    ['nobody', '', ''],
  ])('of %s', (_, body, words) => {
    expect(wordsOf(answer(body))).toBe(words);
  });

  it('is cut where it is a whole page', () => {
    expect(wordsOf(answer('long '.repeat(1000))).length).toBeLessThan(700);
  });
});

it.each([
  [{ 'content-type': 'text/html' }, true],
  [{ 'content-type': 'text/html; charset=UTF-8', 'x-openstack-request-id': 'req-1' }, false],
  [{ 'content-type': 'application/json' }, false],
])('an answer with %o is by the proxy: %s', (headers, expected) => {
  expect(isByProxy(answer('', headers))).toBe(expected);
});
