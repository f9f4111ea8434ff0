import { mysql, type Operation, quote, type ResourceKey } from 'osha';

/** System account of the health endpoint, which cannot log in. */
export function healthSystemUser(name: string): Operation<boolean> {
  const key: ResourceKey = `user:${name}`;
  return {
    scope: 'host',
    title: `system user ${name}`,
    probe: {
      script: `getent passwd ${quote(name)} >/dev/null && echo there; exit 0`,
      reads: [key],
      parse: ({ stdout }) => stdout.trim() === 'there',
    },
    decide: (there) =>
      there
        ? []
        : [
            {
              summary: `create system user ${name}`,
              script: `useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${quote(name)}`,
              touches: [key],
            },
          ],
  };
}

/**
 * Database account of the health endpoint. It authenticates by the process owner (unix_socket), so there is no
 * password, and has no privileges, because reading the server's status needs none.
 */
export function healthAccount(name: string): Operation<mysql.Rows> {
  const who = mysql.account(name, 'localhost');
  const key: ResourceKey = `database:user ${name}`;
  return {
    scope: 'host',
    runsOnce: true,
    title: `database user ${name}`,
    probe: mysql.rowsProbe(
      mysql.sqlCommand(`SET SESSION wsrep_sync_wait=0;
SELECT plugin FROM mysql.user WHERE User = ${mysql.literal(name)} AND Host = 'localhost';`),
      [key],
    ),
    decide: ({ rows }) =>
      rows[0]?.[0] === 'unix_socket'
        ? []
        : [
            {
              summary: `create ${name}@localhost, without a password or privileges`,
              script: mysql.sqlCommand(`CREATE OR REPLACE USER ${who} IDENTIFIED VIA unix_socket;`),
              touches: [key],
            },
          ],
  };
}
