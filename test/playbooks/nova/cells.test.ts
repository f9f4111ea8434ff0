import { describe, expect, it } from 'vitest';
import { cells, type Cell } from '../../../playbooks/nova/cells.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';

const password = new Secret('novaDatabase', 'pK3vW9rLq5TzNw3H');
const cellsFor = (brokers: number): ReturnType<typeof cells> =>
  cells({ server: { address: '192.0.2.21', port: 3306 }, user: 'nova', password, brokers, runAs: 'nova' });

const ONE = '{scheme}://{username}:{password}@{hostname}:{port}//';
const THREE =
  '{scheme}://{username1}:{password1}@{hostname1}:{port1},{username2}:{password2}@{hostname2}:{port2},{username3}:{password3}@{hostname3}:{port3}//';
const DATABASE = '{scheme}://{username}:{password}@{hostname}:{port}/nova?{query}';
const DATABASE0 = '{scheme}://{username}:{password}@{hostname}:{port}/nova_cell0?{query}';
const CELL0 = '00000000-0000-0000-0000-000000000000';
const UUID = '6a1c0f0e-7c7b-4f5e-9f4b-1d2e3f405162';

const cell0: Cell = { uuid: CELL0, name: 'cell0', transport: 'none:///', database: DATABASE0 };
const cell1: Cell = { uuid: UUID, name: 'cell1', transport: THREE, database: DATABASE };

describe("Nova's cells", () => {
  const mapping = 'map cell0';
  const creating = 'create cell1';
  const telling = 'update the connections of cell1 to 3 brokers and the database';
  const cases: readonly (readonly [string, readonly Cell[], readonly string[]])[] = [
    ['are both created if there are none', [], [mapping, creating]],
    ['are left alone if both are right', [cell0, cell1], []],
    ['are recognised in any order', [cell1, cell0], []],
    ['are completed after an interrupted run', [cell0], [creating]],
    ['are completed if only cell0 is missing', [cell1], [mapping]],
    ['are updated for more brokers', [cell0, { ...cell1, transport: ONE }], [telling]],
    [
      'are updated if passwords are in the database',
      [cell0, { ...cell1, database: 'mysql+pymysql://nova:word@192.0.2.21/nova' }],
      [telling],
    ],
    [
      'are corrected if cell0 has another database',
      [{ ...cell0, database: DATABASE }, cell1],
      ['update the database connection of cell0'],
    ],
    [
      'are not confused with a cell of the operator',
      [cell0, { ...cell1, name: 'cell2', transport: ONE }],
      [creating],
    ],
    ['are left alone next to another cell', [cell0, cell1, { ...cell1, uuid: 'x', name: 'cell2' }], []],
  ];
  it.each(cases)('%s', (_name, known, changes) => {
    expect(
      cellsFor(3)
        .decide(known)
        .map(({ summary }) => summary),
    ).toEqual(changes);
  });

  const brokers: readonly (readonly [string, number, string])[] = [
    ['one broker without a number', 1, ONE],
    ['several brokers, each with its number', 3, THREE],
  ];
  it.each(brokers)('has a template for %s', (_name, count, transport) => {
    const [, creation] = cellsFor(count).decide([]);
    expect(creation?.script).toBe(
      `runuser -u nova -- nova-manage cell_v2 create_cell --name cell1 --transport-url '${transport}' --database_connection '${DATABASE}'`,
    );
    expect(cellsFor(count).decide([cell0, { ...cell1, transport }])).toEqual([]);
  });

  it('are updated in place, never created twice', () => {
    const wrong = [
      { ...cell0, database: 'x' },
      { ...cell1, transport: ONE },
    ];
    const scripts = cellsFor(3)
      .decide(wrong)
      .map(({ script }) => script);
    expect(scripts).toEqual([
      `runuser -u nova -- nova-manage cell_v2 update_cell --cell_uuid ${CELL0} --transport-url none:/// --database_connection '${DATABASE0}'`,
      `runuser -u nova -- nova-manage cell_v2 update_cell --cell_uuid ${UUID} --transport-url '${THREE}' --database_connection '${DATABASE}'`,
    ]);
  });
});

describe('the probe of cells', () => {
  const { probe } = cellsFor(3);

  it('parses one line per cell', () => {
    const stdout = `${CELL0}\tcell0\tnone:///\t${DATABASE0}\n${UUID}\tcell1\t${THREE}\t${DATABASE}\n`;
    expect(probe.parse({ stdout, stderr: '', exitCode: 0 })).toEqual([cell0, cell1]);
    expect(probe.parse({ stdout: '', stderr: '', exitCode: 0 })).toEqual([]);
  });

  it('fails if the database does not answer, so that no cell is created twice', () => {
    expect(() => probe.parse({ stdout: '', stderr: '', exitCode: 1 })).toThrow(
      'the database nova_api does not answer, or has no tables',
    );
  });

  it('has the password only on stdin', () => {
    expect(probe.script).not.toContain(password.reveal());
    expect(asSecretText(probe.input ?? '').reveal()).toContain(`password=${password.reveal()}\n`);
  });
});
