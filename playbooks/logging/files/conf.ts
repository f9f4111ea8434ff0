/** Where rsyslog receives the messages of programs on the same host (UDP). */
export const LOG_PORT = 514;
export const LOG_ADDRESS = '127.0.0.1';

/** A program with a log file of its own. */
export interface OwnLog {
  /** The program name in its lines; also names its logrotate file. */
  readonly program: string;
  readonly facility: string;
  readonly path: string;
}

/**
 * Matched by facility, and by program name for lines logged before the facility is configured. The packages' own rules
 * write to the same paths, but never match: these rules stop every line first.
 */
export const OWN_LOGS: readonly OwnLog[] = [
  { program: 'haproxy', facility: 'local0', path: '/var/log/haproxy.log' },
  { program: 'keepalived', facility: 'local3', path: '/var/log/keepalived.log' },
];

export interface RsyslogInput {
  /** Servers that receive every line of the host, as `name:port`. */
  readonly remote: readonly string[];
  readonly protocol: 'udp' | 'tcp';
}

/** Lines for an unreachable server are queued; a full queue discards lines instead of blocking programs. */
function forwarding(server: string, protocol: string): string {
  const [target = '', port = String(LOG_PORT)] = server.split(':');
  return `action(type="omfwd" target="${target}" port="${port}" protocol="${protocol}"
       queue.type="LinkedList" queue.size="10000" queue.timeoutEnqueue="0" action.resumeRetryCount="-1" template="OshaForward")
`;
}

function ruleOf({ program, facility, path }: OwnLog): string {
  return `if $syslogfacility-text == "${facility}" or tolower($programname) startswith "${program}" then {
    ${path};OshaFile
    stop
}
`;
}

/** The `rsyslog.d` file: UDP input, forwarding, and the programs that log to a file of their own. */
export function rsyslogConf({ remote, protocol }: RsyslogInput): string {
  return `# Placed by osha.
module(load="imudp")
input(type="imudp" address="${LOG_ADDRESS}" port="${LOG_PORT}")

# Rsyslog's usual formats, but for the name of the host: what comes over loopback would be said to come from "localhost".
template(name="OshaFile" type="string"
         string="%timestamp:::date-rfc3339% %$myhostname% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%\\n")
template(name="OshaForward" type="string"
         string="<%pri%>%timestamp% %$myhostname% %syslogtag:1:32%%msg:::sp-if-no-1st-sp%%msg%")

${remote.map((server) => `${forwarding(server, protocol)}\n`).join('')}${OWN_LOGS.map(ruleOf).join('\n')}`;
}

/** The `logrotate.d` file of one program. `rotateScript` makes rsyslog reopen its files. */
export function logrotateConf(log: OwnLog, keepDays: number, rotateScript: string): string {
  return `# Placed by osha.
${log.path} {
    daily
    rotate ${keepDays}
    missingok
    notifempty
    compress
    delaycompress
    postrotate
        ${rotateScript}
    endscript
}
`;
}
