import type { Platform } from './platform.ts';

/** Debian 12 "bookworm": MariaDB 10.11, Galera 4, RabbitMQ 3.10, Pacemaker 2.1, HAProxy 2.6. */
export const debian12: Platform = {
  id: 'debian-12',
  title: 'Debian 12 (bookworm)',
  osRelease: { id: 'debian', versionId: '12' },
  packages: {
    // Debian's minimal installation has none of these; socat is how health checks speak to sockets.
    common: ['ca-certificates', 'curl', 'iproute2', 'iputils-ping', 'procps', 'socat'],
    chrony: ['chrony'],
    galera: ['mariadb-server', 'galera-4', 'rsync'],
    mariabackup: ['mariadb-backup', 'socat'],
    rabbitmq: ['rabbitmq-server'],
    memcached: ['memcached'],
    haproxy: ['haproxy', 'socat'],
    pacemaker: ['pacemaker', 'corosync', 'pcs', 'resource-agents', 'pacemaker-cli-utils'],
  },
  units: {
    chrony: 'chrony',
    mariadb: 'mariadb',
    rabbitmq: 'rabbitmq-server',
    memcached: 'memcached',
    haproxy: 'haproxy',
    corosync: 'corosync',
    pacemaker: 'pacemaker',
    pcsd: 'pcsd',
  },
  paths: {
    aptSources: '/etc/apt/sources.list.d',
    aptProxy: '/etc/apt/apt.conf.d/60-osha-proxy',
    chronyConf: '/etc/chrony/chrony.conf',
    mariadbConf: '/etc/mysql/mariadb.conf.d/60-osha-galera.cnf',
    mariadbData: '/var/lib/mysql',
    wsrepProvider: '/usr/lib/galera/libgalera_smm.so',
    rabbitmqConf: '/etc/rabbitmq/rabbitmq.conf',
    rabbitmqEnv: '/etc/rabbitmq/rabbitmq-env.conf',
    rabbitmqPlugins: '/etc/rabbitmq/enabled_plugins',
    rabbitmqCookie: '/var/lib/rabbitmq/.erlang.cookie',
    memcachedConf: '/etc/memcached.conf',
    haproxyConf: '/etc/haproxy/haproxy.cfg',
    corosyncConf: '/etc/corosync/corosync.conf',
  },
};
