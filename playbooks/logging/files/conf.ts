/** Where rsyslog takes what programs on the same host send, by UDP. */
export const LOG_PORT = 514;
export const LOG_ADDRESS = '127.0.0.1';

/** A program with a log file of its own. */
export interface OwnLog {
  /** What its lines begin with, and the name of its file for logrotate. */
  readonly program: string;
  readonly facility: string;
  readonly path: string;
}

/**
 * By facility, and by name for what a program says before it knows of one. The packages' own files write the same
 * names, which only matters where no line gets past these rules.
 */
export const OWN_LOGS: readonly OwnLog[] = [
  { program: 'haproxy', facility: 'local0', path: '/var/log/haproxy.log' },
  { program: 'keepalived', facility: 'local3', path: '/var/log/keepalived.log' },
];

export interface RsyslogInput {
  /** Servers that get every line of the host, as `name:port`. */
  readonly remote: readonly string[];
  readonly protocol: 'udp' | 'tcp';
}

/** Its lines are kept for a server that is away, and the oldest are given up before anything has to wait for it. */
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

/** A file of `rsyslog.d`: what is taken, who else gets it, and which lines go to a file of their own and nowhere else. */
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

/** A file of `logrotate.d`, which keeps so many days. */
export function logrotateConf(log: OwnLog, keepDays: number, rotated: string): string {
  return `# Placed by osha.
${log.path} {
    daily
    rotate ${keepDays}
    missingok
    notifempty
    compress
    delaycompress
    postrotate
        ${rotated}
    endscript
}
`;
}
