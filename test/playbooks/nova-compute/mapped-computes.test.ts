import { describe, expect, it } from 'vitest';
import { computesMapped, computesRegistered } from '../../../playbooks/nova-compute/mapped-computes.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { aHost } from '../../support/inventory.ts';

const password = new Secret('novaDatabase', 'pK3vW9rLq5TzNw3H');
const login = { server: { address: '192.0.2.21', port: 3306 }, user: 'nova', password };
const operation = computesMapped({ ...login, runAs: 'nova' });

describe('compute hosts of the cell', () => {
  const cases: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
    ['are left alone if all are mapped', '', [], []],
    ['are mapped if some are not', 'k1\nk2\n', ['k1', 'k2'], ['map k1, k2 to the cell']],
  ];
  it.each(cases)('%s', (_name, stdout, unknown, changes) => {
    const observed = operation.probe.parse({ stdout, stderr: '', exitCode: 0 });
    expect(observed).toEqual(unknown);
    expect(operation.decide(observed).map(({ summary }) => summary)).toEqual(changes);
  });

  it("are mapped by Nova's command, as its user", () => {
    expect(operation.decide(['k1'])).toEqual([
      {
        summary: 'map k1 to the cell',
        script: 'runuser -u nova -- nova-manage cell_v2 discover_hosts',
        touches: ['database:nova_api'],
      },
    ]);
  });

  it('are queried with the password only on stdin', () => {
    expect(operation.probe.script).toContain('host_mappings');
    expect(operation.probe.script).not.toContain(password.reveal());
    expect(asSecretText(operation.probe.input ?? '').reveal()).toContain(`password=${password.reveal()}\n`);
    expect(operation.probe.reads).toContain('database:nova_api');
  });
});

describe('the registration of compute hosts', () => {
  const [c1, c2, k1, k2] = ['c1', 'c2', 'k1', 'k2'].map((name) => aHost(name));
  const check = computesRegistered(login, { computes: [k1!, k2!], from: [c1!, c2!] });
  const said = (stdout: string, exitCode = 0): Answer => ({
    reachable: true,
    observed: check.probe(c1!).parse({ stdout, stderr: '', exitCode }),
  });
  const silent: Answer = { reachable: false, reason: 'no route' };
  const cases: readonly (readonly [string, readonly Answer[], readonly boolean[]])[] = [
    ['is healthy if the database has all of them', [said('k1\nk2\n'), said('k1\nk2\n')], [true, true]],
    ['is unhealthy while one is missing', [said('k2\n'), said('k2\n')], [false, true]],
    ['is queried from another host if one is unreachable', [silent, said('k1\nk2\n')], [true, true]],
    [
      'is queried from another host if the first gets no answer',
      [said('', 1), said('k1\nk2\n')],
      [true, true],
    ],
    ['is unhealthy if no host gets an answer', [silent, said('', 1)], [false]],
  ];
  it.each(cases)('%s', (_name, answers, healthy) => {
    const all = new Map(answers.map((answer, index) => [`c${index + 1}`, answer]));
    const judged = check.judge(all as Parameters<typeof check.judge>[0]);
    expect(judged.map((finding) => finding.healthy)).toEqual(healthy);
  });
});
