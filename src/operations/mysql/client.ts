import { within } from '../../playbook/limits.ts';
import { AccessRefused, type Probe, type ResourceKey } from '../../playbook/operation.ts';
import type { Text } from '../../secrets/text.ts';
import { unitReads, heldBy } from '../unit-state.ts';

/** The socket that the server's option files name, where it is there; otherwise the client knows its own. */
const SOCKET = `HOME=/nonexistent my_print_defaults --mysqld galera 2>/dev/null | sed -n 's/^--socket=//p' | tail -n 1`;

/**
 * The client, over the root socket: no password exists that could leak. `--no-defaults` keeps an administrator's
 * `~/.my.cnf` out; `-BN` prints values with tabs between, without a header.
 */
export const SQL_CLIENT = `mariadb --no-defaults --protocol=socket $(${SOCKET} | { read -r s && [ -S "$s" ] && echo "--socket=$s"; }) --connect-timeout=${within('mariadbConnects')} -BN`;

/** A shell command that runs `statements`; they travel on stdin, so they are no argument of a process. */
export function sqlCommand(statements: string): string {
  return `${SQL_CLIENT} <<'END OF SQL'\n${statements}\nEND OF SQL`;
}

/** What every question to the server depends on: whether it runs, and whose data it has. */
const READS: readonly ResourceKey[] = ['cluster:galera/data', ...unitReads('mariadb')];

/** Rows that the server gave, or none where it does not answer. */
export interface Rows {
  readonly answers: boolean;
  readonly rows: readonly (readonly string[])[];
}

/**
 * A probe from a script that prints rows with tabs between. A server that is not up is no error: the change that comes
 * of it fails by itself if it still is not up then, and says why. One that runs and lets root in nowhere is an
 * `AccessRefused`: what it has is not known, so nothing follows from it.
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

/** What the client prints when the server, or the way to it, turns it away; nothing of a statement that failed. */
const TURNED_AWAY = /^ERROR (\d+) \([^)]*\): (.*)$/m;

/** ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ER_MUST_CHANGE_PASSWORD and ..._LOGIN. */
const LOGIN_REFUSED: readonly string[] = ['1045', '1698', '1820', '1862'];

/** ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS. */
const NO_CONNECTION_LEFT: readonly string[] = ['1040', '1203'];

/** CR_CONNECTION_ERROR: nothing listens there. The only complaint that a server which is down causes. */
const NOBODY_THERE = '2002';

/**
 * What stands between osha and a server that runs, as a clause; `undefined` where `stderr` of the client tells of no
 * such thing, or only that nothing listens.
 */
export function accessProblem(host: string | undefined, stderr: string): string | undefined {
  const [, code = '', words = ''] = TURNED_AWAY.exec(stderr) ?? [];
  const on = host === undefined ? '' : ` on ${host}`;
  if (code === '' || code === NOBODY_THERE) return undefined;
  if (LOGIN_REFUSED.includes(code)) return `root may not log in over the socket${on}: ${words}`;
  if (NO_CONNECTION_LEFT.includes(code)) return `mariadb${on} has no free connection: ${words}`;
  return `mariadb${on} runs and does not let root in: ${words}`;
}

/** The way out of it, to be pasted on the host. */
export function accessHint(host: string | undefined, stderr: string): string {
  const [, code = ''] = TURNED_AWAY.exec(stderr) ?? [];
  const there = host === undefined ? 'on that host' : `on ${host}`;
  if (LOGIN_REFUSED.includes(code)) {
    return `${there}: mariadb -u root -p -e "ALTER USER root@localhost IDENTIFIED VIA unix_socket"; then run again`;
  }
  if (NO_CONNECTION_LEFT.includes(code)) {
    return `end clients that are not needed, as "ss -tnp" ${there} shows them; then run again`;
  }
  return `find out ${there} with "sudo mariadb" and "systemctl status mariadb"; run again when it answers`;
}
