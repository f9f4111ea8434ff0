import type { Host } from 'osha';
import type { TimeSettings } from '../settings.ts';

interface ChronyInput {
  readonly host: Host;
  /** All hosts of the deployment: the clients of a time host. */
  readonly hosts: readonly Host[];
  readonly timeHosts: readonly Host[];
  readonly settings: Pick<TimeSettings, 'servers' | 'isolated'>;
  /** The NTP pool to follow when `servers` is empty. */
  readonly pool: string;
}

/**
 * `chrony.conf` of one host. The time hosts follow the external servers or the pool, and poll each other: when no external
 * server responds, one of them leads (chrony's orphan mode). All other hosts follow the time hosts.
 */
export function chronyConf({ host, hosts, timeHosts, settings, pool }: ChronyInput): string {
  const serves = timeHosts.some((server) => server.name === host.name);
  const peers = timeHosts.filter((server) => server.name !== host.name);
  const sources = [
    ...(serves || timeHosts.length === 0 ? externalSources(settings, pool) : []),
    // Every 16 s: chrony needs several responses to select a source, and would poll an unresponsive one less and less often.
    ...peers.map((server) => `server ${server.address} iburst minpoll 4 maxpoll 4`),
  ];
  const serving = [
    '',
    '# Where no outside server answers, the time hosts agree on one of them.',
    'local stratum 10 orphan',
    ...hosts.filter((client) => client.name !== host.name).map((client) => `allow ${client.address}`),
  ];
  return [
    '# Placed by osha.',
    ...sources,
    ...(serves ? serving : []),
    '',
    'driftfile /var/lib/chrony/chrony.drift',
    'dumpdir /run/chrony',
    'leapsectz right/UTC',
    '# Step a clock that is more than a second off, but only at the start: services do not like time to jump.',
    'makestep 1 3',
    'rtcsync',
    'maxupdateskew 100',
    'logdir /var/log/chrony',
    '',
  ].join('\n');
}

function externalSources({ servers, isolated }: ChronyInput['settings'], pool: string): readonly string[] {
  if (isolated) return [];
  if (servers.length === 0) return [`pool ${pool} iburst`];
  return servers.map((server) => `server ${server} iburst`);
}

const AUTO = `# A container shares the clock of the machine that it runs on, and must not set it.
[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=!/bin/sh -c 'if systemd-detect-virt --quiet --container; then set -- -x; else set --; fi; exec /usr/sbin/chronyd $DAEMON_OPTS "$@"'
`;

const NEVER = `[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd $DAEMON_OPTS -x
`;

/** The drop-in of chrony's unit, which lets it set the clock or only measure the offset (`-x`). */
export function clockDropIn(control: 'auto' | 'always' | 'never'): string {
  const body = { auto: AUTO, never: NEVER, always: '# chrony sets the clock, as its unit has it.\n' }[
    control
  ];
  return `# Placed by osha.\n${body}`;
}
