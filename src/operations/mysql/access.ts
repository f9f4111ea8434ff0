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
