import type { Host } from 'osha';

interface ChronyInput {
  readonly host: Host;
  /** Everyone who may ask for the time. */
  readonly hosts: readonly Host[];
  readonly timeHosts: readonly Host[];
  /** Servers outside of the deployment. */
  readonly servers: readonly string[];
}

/**
 * `chrony.conf` of one host. The time hosts follow the outside servers and watch each other: where no outside server
 * answers, one of them ("orphan") leads, so that the hosts still agree. All others follow the time hosts.
 */
export function chronyConf({ host, hosts, timeHosts, servers }: ChronyInput): string {
  const serves = timeHosts.some((server) => server.name === host.name);
  const peers = timeHosts.filter((server) => server.name !== host.name);
  const sources = [
    ...(serves || timeHosts.length === 0 ? servers.map((server) => `server ${server} iburst`) : []),
    ...peers.map((server) => `server ${server.address} iburst minpoll 4 maxpoll 6`),
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
