import { describe, expect, it } from 'vitest';
import { computesMapped } from '../../../src/operations/openstack.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';

const password = new Secret('novaDatabase', 'pK3vW9rLq5TzNw3H');
const operation = computesMapped({
  server: { address: '192.0.2.21', port: 3306 },
  user: 'nova',
  password,
  runAs: 'nova',
});

describe('compute hosts of the cell', () => {
  const cases: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
    ['are left alone where the cell knows all of them', '', [], []],
    ['are made known where it does not', 'k1\nk2\n', ['k1', 'k2'], ['let the cell know k1, k2']],
  ];
  it.each(cases)('%s', (_name, stdout, unknown, changes) => {
    const observed = operation.probe.parse({ stdout, stderr: '', exitCode: 0 });
    expect(observed).toEqual(unknown);
    expect(operation.decide(observed).map(({ summary }) => summary)).toEqual(changes);
  });

  it("are made known by Nova's own command, as its own user", () => {
    expect(operation.decide(['k1'])).toEqual([
      {
        summary: 'let the cell know k1',
        script: 'runuser -u nova -- nova-manage cell_v2 discover_hosts',
        touches: ['database:nova_api'],
      },
    ]);
  });

  it('are asked of the database, with the password on stdin alone', () => {
    expect(operation.probe.script).toContain('host_mappings');
    expect(operation.probe.script).not.toContain(password.reveal());
    expect(asSecretText(operation.probe.input ?? '').reveal()).toContain(`password=${password.reveal()}\n`);
    expect(operation.probe.reads).toContain('database:nova_api');
  });
});
