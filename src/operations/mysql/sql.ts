import { within } from '../../playbook/limits.ts';

/** The socket that the server's option files name, where it is there; otherwise the client knows its own. */
const SOCKET = `HOME=/nonexistent my_print_defaults --mysqld galera 2>/dev/null | sed -n 's/^--socket=//p' | tail -n 1`;

/**
 * The client, over the root socket: no password exists that could leak. `--no-defaults` keeps an administrator's
 * `~/.my.cnf` out; `-BN` prints values with tabs between, without a header.
 */
export const SQL_CLIENT = `mariadb --no-defaults --protocol=socket $(${SOCKET} | { read -r s && [ -S "$s" ] && echo "--socket=$s"; }) --connect-timeout=${within('mariadbConnects')} -BN`;

/** `value` as a string literal of SQL, whatever characters are in it. Never for a secret. */
export function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** `name` as an identifier of SQL. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** An account as SQL names it: `'nova'@'%'`. */
export function account(user: string, host: string): string {
  return `${literal(user)}@${literal(host)}`;
}

/** A shell command that runs `statements`; they travel on stdin, so they are no argument of a process. */
export function sqlCommand(statements: string): string {
  return `${SQL_CLIENT} <<'END OF SQL'\n${statements}\nEND OF SQL`;
}
