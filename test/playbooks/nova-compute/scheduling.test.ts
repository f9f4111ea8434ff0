import { describe, expect, it } from 'vitest';
import { DRAINED, forgotten, scheduling, serviceIn } from '../../../playbooks/nova-compute/scheduling.ts';
import type { Change } from '../../../src/playbook/operation.ts';
import { changesAfter, requestsOf } from '../openstack/operations/jobs.ts';
import { sessionAt } from '../openstack/operations/sessions.ts';

const session = sessionAt('http://192.0.2.20:5000');
const service = (host: string, status: string, reason: string | null = null) => ({
  id: `id-of-${host}`,
  binary: 'nova-compute',
  host,
  status,
  disabled_reason: reason,
});
const answer = (...services: readonly object[]) => [{ status: 200, body: { services } }];
const summaries = (changes: readonly Change[]): readonly string[] => changes.map(({ summary }) => summary);

describe('whether Nova starts servers on a host:', () => {
  type Case = readonly [
    name: string,
    wanted: 'drained' | 'ready',
    services: readonly object[],
    expected: string | undefined,
  ];
  it.each<Case>([
    ['an enabled service is disabled', 'drained', [service('k1', 'enabled')], 'start no servers on k1'],
    ['one that osha has disabled stays', 'drained', [service('k1', 'disabled', DRAINED)], undefined],
    [
      'one that somebody else has disabled stays',
      'drained',
      [service('k1', 'disabled', 'broken')],
      undefined,
    ],
    [
      'one that osha has disabled is enabled',
      'ready',
      [service('k1', 'disabled', DRAINED)],
      'start servers on k1 again',
    ],
    [
      'one that somebody else has disabled is not enabled',
      'ready',
      [service('k1', 'disabled', 'broken')],
      undefined,
    ],
    ['one disabled without a reason is not enabled', 'ready', [service('k1', 'disabled')], undefined],
    ['an enabled service stays', 'ready', [service('k1', 'enabled')], undefined],
    ['the service of another host does not count', 'drained', [service('k2', 'enabled')], undefined],
    ['a host that has left needs no drain', 'drained', [], undefined],
    ['a host that Nova does not know yet needs no undrain', 'ready', [], undefined],
  ])('%s', (_, wanted, services, expected) => {
    const changes = changesAfter(scheduling(session, 'k1', wanted), answer(...services));
    expect(summaries(changes)).toEqual(expected === undefined ? [] : [expected]);
  });

  it('tells Nova who disabled the service', () => {
    const [change] = changesAfter(scheduling(session, 'k1', 'drained'), answer(service('k1', 'enabled')));
    expect(requestsOf(change)).toEqual([
      {
        service: 'compute',
        method: 'PUT',
        path: '/os-services/disable-log-reason',
        body: { host: 'k1', binary: 'nova-compute', disabled_reason: DRAINED },
      },
    ]);
  });

  it('enables the service of that host alone', () => {
    const disabled = answer(service('k1', 'disabled', DRAINED));
    const [change] = changesAfter(scheduling(session, 'k1', 'ready'), disabled);
    expect(requestsOf(change)).toEqual([
      {
        service: 'compute',
        method: 'PUT',
        path: '/os-services/enable',
        body: { host: 'k1', binary: 'nova-compute' },
      },
    ]);
  });
});

describe('a compute host that has left', () => {
  it('is forgotten by Nova', () => {
    const [change, ...more] = changesAfter(forgotten(session, 'k1'), answer(service('k1', 'disabled')));
    expect(more).toEqual([]);
    expect(change?.summary).toBe('remove nova-compute of k1');
    expect(requestsOf(change)).toEqual([
      { service: 'compute', method: 'DELETE', path: '/os-services/id-of-k1' },
    ]);
  });

  it('that is forgotten already needs no change', () => {
    expect(changesAfter(forgotten(session, 'k1'), answer())).toEqual([]);
  });
});

describe('Nova that gives no answer', () => {
  it.each([
    [
      'an error',
      { status: 503, error: 'no server is available' },
      'could not ask Nova: no server is available',
    ],
    ['a status alone', { status: 403 }, 'could not ask Nova: it answers 403'],
    ['another body', { status: 200, body: { hosts: [] } }, 'could not ask Nova: it answers 200'],
  ])('is an error: %s', (_, said, message) => {
    expect(() => serviceIn('k1', said)).toThrow(message);
    expect(() => changesAfter(forgotten(session, 'k1'), [said])).toThrow(message);
  });

  it('is an error where the login fails', () => {
    const { probe } = scheduling(session, 'k1', 'drained');
    const stdout = '{"status": 401, "error": "wrong password"}\n';
    expect(() => probe.parse({ stdout, stderr: '', exitCode: 0 })).toThrow(
      'could not ask Nova: wrong password',
    );
  });
});
