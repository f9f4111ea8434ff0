import type { Operation, ResourceKey } from '../../playbook/operation.ts';
import { identifier, literal, sqlCommand, rowsProbe, type Rows } from './client.ts';

export interface DatabaseOptions {
  /** Default `utf8mb3`, with which OpenStack's services are tested. */
  readonly characterSet?: string;
  /** Default the character set's `_general_ci`. */
  readonly collation?: string;
}

/** The database exists, with this default character set for new tables. Its content is left alone. */
export function database(name: string, options: DatabaseOptions = {}): Operation<Rows> {
  const characterSet = options.characterSet ?? 'utf8mb3';
  const collation = options.collation ?? `${characterSet}_general_ci`;
  const key: ResourceKey = `database:${name}`;
  const alter = (verb: 'CREATE' | 'ALTER', summary: string) => ({
    summary,
    script: sqlCommand(
      `${verb} DATABASE ${identifier(name)} CHARACTER SET ${characterSet} COLLATE ${collation};`,
    ),
    touches: [key],
  });
  return {
    scope: 'host',
    runsOnce: true,
    title: `database ${name}`,
    probe: rowsProbe(
      sqlCommand(`SET SESSION wsrep_sync_wait=0;
SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
  WHERE SCHEMA_NAME = ${literal(name)};`),
      [key],
    ),
    decide: ({ rows }) => {
      const [found] = rows;
      if (!found) return [alter('CREATE', `create database ${name}`)];
      if (found[0] === characterSet && found[1] === collation) return [];
      return [alter('ALTER', `database ${name}: character set ${characterSet}, collation ${collation}`)];
    },
  };
}
