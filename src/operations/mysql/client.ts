import { within } from '../../playbook/limits.ts';
import { AccessRefused, type Probe, type ResourceKey } from '../../playbook/operation.ts';
import type { Text } from '../../secrets/text.ts';
import { unitReads, heldBy } from '../unit-state.ts';

/** The socket named in the server's option files, if it exists; otherwise the client's default applies. */
const SOCKET = `HOME=/nonexistent my_print_defaults --mysqld galera 2>/dev/null | sed -n 's/^--socket=//p' | tail -n 1`;

/**
 * The client, over the root socket: there is no password to leak. `--no-defaults` keeps an administrator's
 * `~/.my.cnf` out; `-BN` prints values with tabs between, without a header.
 */
export const SQL_CLIENT = `mariadb --no-defaults --protocol=socket $(${SOCKET} | { read -r s && [ -S "$s" ] && echo "--socket=$s"; }) --connect-timeout=${within('mariadbConnects')} -BN`;

/** A shell command that runs `statements`, passed on stdin and so not visible as arguments. */
export function sqlCommand(statements: string): string {
  return `${SQL_CLIENT} <<'END OF SQL'\n${statements}\nEND OF SQL`;
}

/** A shell command that runs the statements in its stdin, which may contain secrets. */
export function sqlFromInput(): string {
  return SQL_CLIENT;
}

/** What every query depends on: whether the server runs, and which data it has. */
const READS: readonly ResourceKey[] = ['cluster:galera/data', ...unitReads('mariadb')];

/** The rows of an answer; none where the server does not answer. */
export interface Rows {
  readonly answers: boolean;
  readonly rows: readonly (readonly string[])[];
}

/**
 * A probe from a script that prints tab-separated rows. A stopped server is no error: the resulting change fails if the
 * server is still down by then, and says why. A running server that refuses root is an `AccessRefused`: its content is
 * unknown, so no decision is possible.
 */
export function rowsProbe(script: string, reads: readonly ResourceKey[], input?: Text): Probe<Rows> {
  return {
    script,
    ...(input === undefined ? {} : { input }),
    reads: [...READS, ...reads],
    parse: ({ stdout, stderr, exitCode }) => {
      const problem = accessProblem(undefined, stderr);
      if (problem !== undefined) throw new AccessRefused(problem, accessHint(undefined, stderr));
      return {
        answers: exitCode === 0,
        rows: stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split('\t')),
      };
    },
    foresee: heldBy('mariadb', ({ answers }) => answers),
  };
}

/** `value` quoted as an SQL string literal. Never for a secret. */
export function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** `name` quoted as an SQL identifier. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** An account in SQL notation: `'nova'@'%'`. */
export function account(user: string, host: string): string {
  return `${literal(user)}@${literal(host)}`;
}

/** A connection error as the client prints it; errors of statements have another form. */
const TURNED_AWAY = /^ERROR (\d+) \([^)]*\): (.*)$/m;

/** ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ER_MUST_CHANGE_PASSWORD and ..._LOGIN. */
const LOGIN_REFUSED: readonly string[] = ['1045', '1698', '1820', '1862'];

/** ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS. */
const NO_CONNECTION_LEFT: readonly string[] = ['1040', '1203'];

/** CR_CONNECTION_ERROR: nothing listens there. The only error that a stopped server causes. */
const NOBODY_THERE = '2002';

/**
 * Why a running server refuses osha, as a clause; `undefined` where the client's `stderr` has no connection error, or
 * only that nothing listens.
 */
export function accessProblem(host: string | undefined, stderr: string): string | undefined {
  const [, code = '', words = ''] = TURNED_AWAY.exec(stderr) ?? [];
  const on = host === undefined ? '' : ` on ${host}`;
  if (code === '' || code === NOBODY_THERE) return undefined;
  if (LOGIN_REFUSED.includes(code)) return `root may not log in over the socket${on}: ${words}`;
  if (NO_CONNECTION_LEFT.includes(code)) return `mariadb${on} has no free connection: ${words}`;
  return `mariadb${on} runs but refuses root: ${words}`;
}

/** How to resolve it, with commands to paste on the host. */
export function accessHint(host: string | undefined, stderr: string): string {
  const [, code = ''] = TURNED_AWAY.exec(stderr) ?? [];
  const there = host === undefined ? 'on that host' : `on ${host}`;
  if (LOGIN_REFUSED.includes(code)) {
    return `${there}: mariadb -u root -p -e "ALTER USER root@localhost IDENTIFIED VIA unix_socket"; then run again`;
  }
  if (NO_CONNECTION_LEFT.includes(code)) {
    return `disconnect clients that are not needed; list them with "ss -tnp" ${there}; then run again`;
  }
  return `investigate ${there} with "sudo mariadb" and "systemctl status mariadb"; run again once root can log in`;
}
