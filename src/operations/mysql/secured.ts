import type { Change, Operation, ResourceKey } from '../../playbook/operation.ts';
import { rowsProbe, type Rows } from './probe.ts';
import { account, identifier, sqlCommand } from './sql.ts';

const KEY: ResourceKey = 'database:accounts';

/** Each row is one thing that is not secure, and what it is about. */
const QUESTIONS = `SET SESSION wsrep_sync_wait=0;
SELECT 'anonymous', Host FROM mysql.global_priv WHERE User = '' AND JSON_EXISTS(Priv, '$.is_role') = 0;
SELECT 'remote root', Host FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';
SELECT 'root password', Host FROM mysql.global_priv WHERE User = 'root' AND Host = 'localhost'
  AND (COALESCE(JSON_LENGTH(Priv, '$.auth_or'), 0) > 1 OR COALESCE(JSON_VALUE(Priv, '$.plugin'), '') <> 'unix_socket');
SELECT 'test grant', User, Host, Db FROM mysql.db WHERE User IN ('', 'PUBLIC') AND Db LIKE 'test%';
SELECT 'test database', SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'test'
  AND NOT EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'test');`;

/**
 * What mysql_secure_installation asks for: root only over the local socket and without a password, no anonymous
 * accounts, no test database unless somebody keeps tables in it. Done with statements that a Galera cluster replicates; it does not replicate writes to
 * the tables of the accounts, which is how mysql_secure_installation does it.
 */
export function secured(): Operation<Rows> {
  return {
    scope: 'host',
    runsOnce: true,
    title: 'no default accounts',
    probe: rowsProbe(sqlCommand(QUESTIONS), [KEY]),
    decide: ({ rows }) => rows.flatMap(repair),
  };
}

function repair([what = '', first = '', host = '', database = '']: readonly string[]): readonly Change[] {
  const change = (summary: string, statement: string): readonly Change[] => [
    { summary, script: sqlCommand(statement), touches: [KEY] },
  ];
  switch (what) {
    case 'anonymous':
      return change(`drop the anonymous account @${first}`, `DROP USER ${account('', first)};`);
    case 'remote root':
      return change(`drop root@${first}`, `DROP USER ${account('root', first)};`);
    case 'root password':
      return change(
        'root only over the socket',
        `ALTER USER ${account('root', first)} IDENTIFIED VIA unix_socket;`,
      );
    case 'test grant': {
      const who = first === 'PUBLIC' ? 'PUBLIC' : account(first, host);
      return change(
        `take ${database} from ${first === '' ? 'anonymous accounts' : 'everybody'}`,
        `REVOKE ALL PRIVILEGES ON ${identifier(database)}.* FROM ${who};`,
      );
    }
    case 'test database':
      return change('drop the test database', `DROP DATABASE ${identifier(first)};`);
    default:
      return [];
  }
}
