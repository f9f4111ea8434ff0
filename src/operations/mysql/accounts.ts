import { createHash } from 'node:crypto';
import type { Change, Operation, ResourceKey } from '../../playbook/operation.ts';
import type { Secret } from '../../secrets/secret.ts';
import { text } from '../../secrets/text.ts';
import { account, identifier, literal, SQL_CLIENT, rowsProbe, type Rows, sqlCommand } from './client.ts';

export interface UserOptions {
  readonly password: Secret;
  /** Where it may connect from; default `localhost` and `%`, anywhere. */
  readonly hosts?: readonly string[];
  /** Databases on which it has all privileges; grants on others are left alone. */
  readonly databases: readonly string[];
}

/** The account exists for each host, with this password and all privileges on its databases. */
export function user(name: string, options: UserOptions): Operation<Rows> {
  const hosts = options.hosts ?? ['localhost', '%'];
  const key: ResourceKey = `database:user ${name}`;
  const hash = text`${nativeHash(options.password)}\n`;
  const probe = rowsProbe(probeScript(name, hosts), [key], hash);
  const change = (summary: string, script: string): Change => ({ summary, script, touches: [key] });
  const setPassword = (host: string, summary: string): Change => ({
    ...change(summary, passwordScript(account(name, host))),
    input: hash,
  });
  return {
    scope: 'host',
    runsOnce: true,
    title: `database user ${name}`,
    probe,
    decide: (observed) => {
      const accounts = accountsOf(observed);
      return hosts.flatMap((host): readonly Change[] => {
        const state = accounts.get(host);
        const missing = options.databases.filter((database) => !state?.grants.includes(allOn(database)));
        return [
          ...(!state ? [setPassword(host, `create ${name}@${host}`)] : []),
          ...(state && !state.passwordMatches
            ? [setPassword(host, `set the password of ${name}@${host}`)]
            : []),
          ...missing.map((database) =>
            change(
              `grant ${name}@${host} access to ${database}`,
              `${SQL_CLIENT} <<'END OF SQL'\n${allOn(database)} TO ${account(name, host)};\nEND OF SQL`,
            ),
          ),
        ];
      });
    },
  };
}

const ACCOUNTS_KEY: ResourceKey = 'database:accounts';

/** Each row is one insecure default and its subject. */
const QUESTIONS = `SET SESSION wsrep_sync_wait=0;
SELECT 'anonymous', Host FROM mysql.global_priv WHERE User = '' AND JSON_EXISTS(Priv, '$.is_role') = 0;
SELECT 'remote root', Host FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';
SELECT 'root password', Host FROM mysql.global_priv WHERE User = 'root' AND Host = 'localhost'
  AND (COALESCE(JSON_LENGTH(Priv, '$.auth_or'), 0) > 1 OR COALESCE(JSON_VALUE(Priv, '$.plugin'), '') <> 'unix_socket');
SELECT 'test grant', User, Host, Db FROM mysql.db WHERE User IN ('', 'PUBLIC') AND Db LIKE 'test%';
SELECT 'test database', SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'test'
  AND NOT EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'test');`;

/**
 * The rules of mysql_secure_installation: root only over the local socket and without a password, no anonymous
 * accounts, no test database unless it has tables. Uses account statements, which a Galera cluster replicates; it does
 * not replicate the direct writes to account tables that mysql_secure_installation makes.
 */
export function secured(): Operation<Rows> {
  return {
    scope: 'host',
    runsOnce: true,
    title: 'no default accounts',
    probe: rowsProbe(sqlCommand(QUESTIONS), [ACCOUNTS_KEY]),
    decide: ({ rows }) => rows.flatMap(repair),
  };
}

/** The observed account on one host. */
export interface AccountState {
  readonly passwordMatches: boolean;
  readonly grants: readonly string[];
}

/**
 * The stored form of a password: `*` and the double SHA-1 in upper case (mysql_native_password). Only this hash is sent
 * to the server, never the password.
 */
export function nativeHash(password: Secret): Secret {
  return password.derive((value) => {
    const once = createHash('sha1').update(value).digest();
    return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`;
  });
}

/** The beginning of a line of `SHOW GRANTS`. In a grant, `_` and `%` in a database's name are wildcards. */
function allOn(database: string): string {
  return `GRANT ALL PRIVILEGES ON ${identifier(database.replaceAll('_', '\\_').replaceAll('%', '\\%'))}.*`;
}

/**
 * Reads the hash on stdin, compares it on the host, and prints only the result. `SHOW GRANTS` prints hashes too, always
 * after the word TO. Of the client's errors only connection errors count: a missing account has no grants.
 */
function probeScript(name: string, hosts: readonly string[]): string {
  const grants = hosts
    .map((host) => `SELECT 'grants', ${literal(host)};\nSHOW GRANTS FOR ${account(name, host)};`)
    .join('\n');
  return `read -r hash || :
{
  printf "SET SESSION wsrep_sync_wait=0; SET @hash='%s';\\n" "$hash"
  cat <<'END OF SQL'
SELECT 'account', Host, IF(plugin = 'mysql_native_password' AND authentication_string = @hash, 'yes', 'no')
  FROM mysql.user WHERE User = ${literal(name)};
${grants}
END OF SQL
} | { ${SQL_CLIENT} --raw --force 2>&1 >&3 | grep -v ' at line ' >&2; } 3>&1 | sed 's/ TO .*//'`;
}

function passwordScript(who: string): string {
  const via = ' IDENTIFIED VIA mysql_native_password USING ';
  const execute = (verb: string): string =>
    `EXECUTE IMMEDIATE CONCAT(${literal(`${verb} ${who}${via}`)}, QUOTE(@hash));`;
  return `read -r hash
{
  printf "SET @hash='%s';\\n" "$hash"
  cat <<'END OF SQL'
${execute('CREATE USER IF NOT EXISTS')}
${execute('ALTER USER')}
END OF SQL
} | ${SQL_CLIENT}`;
}

function accountsOf({ rows }: Rows): ReadonlyMap<string, AccountState> {
  const accounts = new Map<string, { passwordMatches: boolean; grants: string[] }>();
  let host = '';
  for (const [first = '', second = '', third = ''] of rows) {
    if (first === 'account') accounts.set(second, { passwordMatches: third === 'yes', grants: [] });
    else if (first === 'grants') host = second;
    else accounts.get(host)?.grants.push(first);
  }
  return accounts;
}

function repair([what = '', first = '', host = '', database = '']: readonly string[]): readonly Change[] {
  const change = (summary: string, statement: string): readonly Change[] => [
    { summary, script: sqlCommand(statement), touches: [ACCOUNTS_KEY] },
  ];
  switch (what) {
    case 'anonymous':
      return change(`drop the anonymous account @${first}`, `DROP USER ${account('', first)};`);
    case 'remote root':
      return change(`drop root@${first}`, `DROP USER ${account('root', first)};`);
    case 'root password':
      return change(
        'restrict root to the socket',
        `ALTER USER ${account('root', first)} IDENTIFIED VIA unix_socket;`,
      );
    case 'test grant': {
      const who = first === 'PUBLIC' ? 'PUBLIC' : account(first, host);
      return change(
        `revoke ${first === '' ? 'the access of anonymous accounts' : 'public access'} to ${database}`,
        `REVOKE ALL PRIVILEGES ON ${identifier(database)}.* FROM ${who};`,
      );
    }
    case 'test database':
      return change('drop the test database', `DROP DATABASE ${identifier(first)};`);
    default:
      return [];
  }
}
