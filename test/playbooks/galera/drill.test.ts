import { describe, expect, it } from 'vitest';
import galera from '../../../playbooks/galera/playbook.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import type { DrillScript, DrillWrites } from '../../../src/playbook/drill.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf } from '../context.ts';

const PASSWORD = new Secret('drill', 'hush');

/** What the playbook declares to write. */
function writesOf(inventory = anInventory(), settings: unknown = {}): readonly DrillWrites[] {
  return galera.drill?.(contextOf(galera, { inventory, settings })).writes ?? [];
}

/** The only kind of writes, with an inventory of three members. */
function onlyWrites(settings: unknown = {}): DrillWrites {
  const [writes, ...others] = writesOf(anInventory(), settings);
  if (!writes || others.length > 0) throw new Error('expected one kind of writes');
  return writes;
}

function inputOf({ input }: DrillScript): string {
  return input === undefined ? '' : asSecretText(input).reveal();
}

const names = (hosts: readonly { readonly name: string }[]): readonly string[] =>
  hosts.map(({ name }) => name);

describe('the rows of an availability test', () => {
  const arbitrated: Inventory = anInventory({
    hosts: [aHost('db1'), aHost('db2'), aHost('web9', { roles: ['dashboard'] })],
    settings: { galera: { arbitrator: 'web9' } },
  });
  const [api] = anInventory().vips;
  const cases: readonly (readonly [string, Inventory, unknown, string | undefined])[] = [
    ['virtual IP of the database', anInventory(), {}, '--host=192.0.2.21 --port=3306 '],
    [
      'port of its frontend',
      anInventory(),
      { port: 13306, frontend_port: 33306 },
      '--host=192.0.2.21 --port=33306 ',
    ],
    [
      'virtual IP of all internal services',
      anInventory({ vips: api ? [{ ...api, name: 'internal' }] : [] }),
      {},
      '--host=192.0.2.20 --port=3306 ',
    ],
    ['virtual IP, and not at all without one', anInventory({ vips: [] }), {}, undefined],
    [
      'virtual IP, and not through one that HAProxy leaves alone',
      anInventory({ vips: api ? [{ ...api, haproxy: false }] : [] }),
      {},
      undefined,
    ],
  ];
  it.each(cases)('are written through the %s', (_name, inventory, settings, through) => {
    const scripts = writesOf(inventory, settings).map((writes) => writes.write(PASSWORD).script);
    expect(scripts).toEqual(through === undefined ? [] : [expect.stringContaining(through)]);
  });

  it('are written and counted on every member, not on the arbitrator', () => {
    const [writes] = writesOf(arbitrated, { arbitrator: 'web9' });
    expect(names(writes?.members ?? [])).toEqual(['db1', 'db2']);
    expect(names(writes?.writers ?? [])).toEqual(['db1', 'db2']);
  });

  it('carry the name of their writer and their number', () => {
    expect(onlyWrites().write(PASSWORD).script).toContain(
      `INSERT INTO osha_drill.acknowledged VALUES ('$1', $2)`,
    );
  });

  it('are written by a client that gives up within the time limit of a sample', () => {
    expect(onlyWrites().write(PASSWORD).script).toContain('--connect-timeout=2 ');
  });

  it('are listed as writer and number, once the member has applied what the others acknowledged', () => {
    const { script } = onlyWrites().list;
    const statements = script.split('\n').slice(1);
    expect(statements).toEqual([
      'SET SESSION wsrep_sync_wait=1;',
      `SELECT CONCAT(writer, ' ', number) FROM osha_drill.acknowledged;`,
      'END OF SQL',
    ]);
  });
});

describe('what an availability test creates in the database', () => {
  const statements = inputOf(onlyWrites().prepare(PASSWORD)).trimEnd().split('\n');

  it('may exist already', () => {
    expect(statements.map((one) => one.split(' osha_drill')[0])).toEqual([
      'CREATE DATABASE IF NOT EXISTS',
      'CREATE OR REPLACE TABLE',
      `CREATE OR REPLACE USER 'osha_drill'@'%' IDENTIFIED BY 'hush';`,
      'GRANT INSERT ON',
    ]);
  });

  it('is an account that may do nothing but insert into its own database', () => {
    expect(statements.filter((one) => one.startsWith('GRANT'))).toEqual([
      `GRANT INSERT ON osha_drill.* TO 'osha_drill'@'%';`,
    ]);
  });

  it('is removed as a whole, even if it is gone in part', () => {
    const { container, remove } = onlyWrites();
    expect(remove.script.split('\n').slice(1)).toEqual([
      `DROP USER IF EXISTS 'osha_drill'@'%';`,
      'DROP DATABASE IF EXISTS osha_drill;',
      'END OF SQL',
    ]);
    expect(container).toBe('the database and the account osha_drill');
  });
});

describe('the password of an availability test', () => {
  const writes = onlyWrites();
  const cases: readonly (readonly [string, DrillScript, boolean])[] = [
    ['prepares', writes.prepare(PASSWORD), true],
    ['writes', writes.write(PASSWORD), true],
    ['counts', writes.list, false],
    ['removes', writes.remove, false],
  ];
  it.each(cases)(
    'is in no argument of the script that %s, and only in input that is masked',
    (_name, script, isUsed) => {
      expect(script.script).not.toContain('hush');
      expect(inputOf(script).includes('hush')).toBe(isUsed);
      expect(String(asSecretText(script.input ?? ''))).not.toContain('hush');
    },
  );
});
