import type { Host } from 'osha';
import type { GaleraSettings } from '../settings.ts';

/** Where HAProxy asks whether a member may be given connections. */
export const HEALTH_PORT = 9200;

/** The account of the endpoint, on the system and in the database. */
export const HEALTH_USER = 'osha-health';

export const HEALTH_SCRIPT = '/usr/local/libexec/osha/galera-health';
export const HEALTH_SOCKET = 'osha-galera-health.socket';

/**
 * Answers one HTTP request on stdin: 200 only when this member is Synced in a component with quorum and takes queries.
 * It asks the server each time, with time limits, so that a dead or hung server is a 503.
 */
export function healthScript(settings: Pick<GaleraSettings, 'sst'>): string {
  // A member that gives its data away with mariabackup goes on serving; with rsync it is blocked.
  const donor = settings.sst === 'mariabackup' ? " | 'Primary 2 Donor/Desynced ON'" : '';
  return `#!/bin/sh
# Placed by osha. Every HAProxy asks each member every other second: what the shell can do itself starts no process.
LC_ALL=C
# The request is read to its end: a connection that is closed with something unread is reset, and the answer lost.
# Its head ends with a line that is empty, or holds a carriage return alone.
while IFS= read -r line; do
  case $line in '' | ?) break ;; esac
done
ask() { # ask [SOCKET]
  timeout 3 mariadb --no-defaults --protocol=socket \${1:+"--socket=$1"} --connect-timeout=2 --user=${HEALTH_USER} -BN -e "
    SHOW GLOBAL STATUS WHERE Variable_name IN
      ('wsrep_cluster_status', 'wsrep_local_state', 'wsrep_local_state_comment', 'wsrep_ready')" 2>/dev/null
}
answer=$(ask)
if [ -z "$answer" ]; then
  # The server may have its socket elsewhere: a member that serves must not be taken out for that.
  socket=$(HOME=/nonexistent my_print_defaults --mysqld galera 2>/dev/null | sed -n 's/^--socket=//p' | tail -n 1)
  [ ! -S "$socket" ] || [ "$socket" = /run/mysqld/mysqld.sock ] || answer=$(ask "$socket")
fi
cluster='' number='' comment='' ready=''
while read -r name value; do
  case $name in
    wsrep_cluster_status) cluster=$value ;;
    wsrep_local_state) number=$value ;;
    wsrep_local_state_comment) comment=$value ;;
    wsrep_ready) ready=$value ;;
  esac
done <<END
$answer
END
state=\${cluster:+"$cluster $number $comment $ready"}
case $state in
  'Primary 4 Synced ON'${donor}) status='200 OK' ;;
  *) status='503 Service Unavailable' ;;
esac
body="galera: \${state:-no answer from the server}"
printf 'HTTP/1.1 %s\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s\\n' \\
  "$status" $((\${#body} + 1)) "$body"
`;
}

export function healthSocket(host: Host): string {
  return `# Placed by osha.
[Unit]
Description=Whether this Galera member may be given connections

[Socket]
ListenStream=${host.address}:${HEALTH_PORT}
FreeBind=yes
Accept=yes

[Install]
WantedBy=sockets.target
`;
}

/** One short process for each request: several times a second, so systemd keeps no log of its coming and going. */
export function healthService(): string {
  return `# Placed by osha.
[Unit]
Description=Answer of the Galera health endpoint
CollectMode=inactive-or-failed

[Service]
ExecStart=${HEALTH_SCRIPT}
User=${HEALTH_USER}
StandardInput=socket
StandardOutput=socket
StandardError=journal
RuntimeMaxSec=6
NoNewPrivileges=yes
LogLevelMax=warning
`;
}
