/** What differs between operating systems: names of packages, units and paths. A playbook never names one itself. */
export interface Platform {
  /** As the inventory says it: `debian-12`. */
  readonly id: string;
  readonly title: string;
  /** What `/etc/os-release` has to say: ID and VERSION_ID. */
  readonly osRelease: { readonly id: string; readonly versionId: string };
  /** Major and minor number of what its own packages bring, where a deployment depends on that. */
  readonly versions: Versions;
  /** The pool of time servers that its own chrony follows. */
  readonly timePool: string;
  readonly packages: PackageNames;
  readonly units: UnitNames;
  readonly paths: Paths;
}

export interface Versions {
  readonly rabbitmq: string;
  /** The library by which OpenStack's programs log. */
  readonly osloLog: string;
}

export interface PackageNames {
  readonly common: readonly string[];
  readonly chrony: readonly string[];
  readonly galera: readonly string[];
  /** Besides those, where state transfers are made with mariabackup. */
  readonly mariabackup: readonly string[];
  readonly rabbitmq: readonly string[];
  readonly memcached: readonly string[];
  readonly haproxy: readonly string[];
  readonly keepalived: readonly string[];
  readonly rsyslog: readonly string[];
  readonly etcd: readonly string[];
  readonly glusterServer: readonly string[];
  readonly glusterClient: readonly string[];
  readonly nfsServer: readonly string[];
  readonly nfsClient: readonly string[];
  /** Galera's arbitrator: a vote without data. */
  readonly arbitrator: readonly string[];
  /** The stock command-line client of OpenStack. */
  readonly openstackClient: readonly string[];
  readonly keystone: readonly string[];
  readonly glance: readonly string[];
  readonly placement: readonly string[];
  readonly nova: readonly string[];
  readonly neutron: readonly string[];
  /** What moves the servers' packets: on network hosts. */
  readonly neutronAgents: readonly string[];
  readonly cinder: readonly string[];
  readonly horizon: readonly string[];
  readonly compute: readonly string[];
  readonly pacemaker: readonly string[];
  /** The agents of fence devices of all kinds. */
  readonly fenceAgents: readonly string[];
}

export interface UnitNames {
  readonly chrony: string;
  readonly mariadb: string;
  readonly rabbitmq: string;
  readonly memcached: string;
  readonly haproxy: string;
  readonly keepalived: string;
  readonly rsyslog: string;
  /** What rotates logs, once a day. */
  readonly logrotate: string;
  readonly etcd: string;
  readonly glusterd: string;
  readonly nfsServer: string;
  readonly arbitrator: string;
  readonly keystone: string;
  readonly glance: string;
  readonly placement: string;
  /** API, metadata, conductor, scheduler, console. */
  readonly nova: NovaUnits;
  readonly neutron: NeutronUnits;
  readonly cinder: { readonly api: string; readonly scheduler: string };
  readonly horizon: string;
  readonly compute: string;
  readonly libvirt: string;
  readonly corosync: string;
  readonly pacemaker: string;
  readonly pcsd: string;
}

export interface Paths {
  readonly aptSources: string;
  readonly aptProxy: string;
  readonly chronyConf: string;
  readonly mariadbConf: string;
  readonly mariadbData: string;
  readonly wsrepProvider: string;
  readonly rabbitmqConf: string;
  readonly rabbitmqEnv: string;
  readonly rabbitmqPlugins: string;
  readonly rabbitmqCookie: string;
  readonly memcachedConf: string;
  readonly haproxyConf: string;
  /** A folder: one file with certificate and key for each virtual IP. */
  readonly haproxyTls: string;
  /** The certificate of the deployment's own CA, for clients on the hosts. */
  readonly authority: string;
  readonly keepalivedConf: string;
  readonly keepalivedEnv: string;
  /** A folder that rsyslog reads. */
  readonly rsyslogConf: string;
  /** A folder that logrotate reads. */
  readonly logrotateConf: string;
  /** The command by which rsyslog opens its files anew. */
  readonly rsyslogRotate: string;
  readonly etcdEnv: string;
  readonly etcdData: string;
  readonly arbitratorEnv: string;
  /** A folder that the NFS server reads. */
  readonly exports: string;
  readonly corosyncConf: string;
}

export interface NovaUnits {
  readonly api: string;
  readonly metadata: string;
  readonly conductor: string;
  readonly scheduler: string;
  readonly console: string;
}

export interface NeutronUnits {
  readonly api: string;
  readonly rpc: string;
  readonly bridge: string;
  readonly dhcp: string;
  readonly l3: string;
  readonly metadata: string;
}
