import type { RowCounts } from '../playbook/backup.ts';
import type { Evidence } from '../playbook/operation.ts';

/** What one member has. */
export interface Verified {
  readonly tables: RowCounts;
  /** Tables that the system finds damaged, with its words. */
  readonly damaged: ReadonlyMap<string, string>;
}

/** A table that is not as in the backup. */
export interface Difference {
  readonly table: string;
  /** Rows in the backup; `undefined` if it does not have the table. */
  readonly rows: number | undefined;
  /** By member: its rows, or what is wrong with it. */
  readonly found: ReadonlyMap<string, string>;
}

/** The tables that differ from the backup on any member, by name. */
export function differences(wanted: RowCounts, found: ReadonlyMap<string, Verified>): readonly Difference[] {
  const names = new Set([
    ...wanted.keys(),
    ...[...found.values()].flatMap(({ tables, damaged }) => [...tables.keys(), ...damaged.keys()]),
  ]);
  return [...names].toSorted().flatMap((table) => {
    const rows = wanted.get(table);
    const isRight = [...found.values()].every(
      (one) => one.tables.get(table) === rows && !one.damaged.has(table),
    );
    if (isRight) return [];
    const cells = [...found].map(([member, one]): [string, string] => [
      member,
      one.damaged.get(table) ?? (one.tables.has(table) ? String(one.tables.get(table)) : 'missing'),
    ]);
    return [{ table, rows, found: new Map(cells) }];
  });
}

export function differencesTable(all: readonly Difference[], members: readonly string[]): Evidence {
  return {
    columns: ['table', 'in the backup', ...members],
    rows: all.map(({ table, rows, found }) => [
      table,
      rows === undefined ? 'missing' : String(rows),
      ...members.map((member) => found.get(member) ?? ''),
    ]),
  };
}
