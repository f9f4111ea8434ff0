/** The differences between operating systems: names of packages, units and paths. Playbooks take them from here only. */
export interface Platform {
  /** The name in an inventory: `debian-12`. */
  readonly id: string;
  readonly title: string;
  /** ID and VERSION_ID in `/etc/os-release`. */
  readonly osRelease: { readonly id: string; readonly versionId: string };
  /** Major and minor versions of its own packages, where a deployment depends on them. */
  readonly versions: Versions;
  /** The default NTP pool of its chrony. */
  readonly timePool: string;
  readonly packages: PackageNames;
  readonly units: UnitNames;
  readonly paths: Paths;
}

export interface Versions {
  readonly rabbitmq: string;
  /** OpenStack's logging library. */
  readonly osloLog: string;
}

export interface PackageNames {
  readonly common: readonly string[];
  readonly chrony: readonly string[];
  readonly galera: readonly string[];
  /** In addition to `galera`, for state transfers with mariabackup. */
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
  /** Galera's arbitrator, which votes without data. */
  readonly arbitrator: readonly string[];
  /** OpenStack's command-line client. */
  readonly openstackClient: readonly string[];
  readonly keystone: readonly string[];
  readonly glance: readonly string[];
  readonly placement: readonly string[];
  readonly nova: readonly string[];
  readonly neutron: readonly string[];
  /** For network hosts. */
  readonly neutronAgents: readonly string[];
  readonly cinder: readonly string[];
  readonly horizon: readonly string[];
  readonly compute: readonly string[];
  readonly pacemaker: readonly string[];
  /** Agents for all fence devices. */
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
  /** Rotates logs daily. */
  readonly logrotate: string;
  readonly etcd: string;
  readonly glusterd: string;
  readonly nfsServer: string;
  readonly arbitrator: string;
  readonly keystone: string;
  readonly glance: string;
  readonly placement: string;
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
  /** A folder with one file for each virtual IP: certificate and key. */
  readonly haproxyTls: string;
  /** The CA certificate of the deployment, for clients on the hosts. */
  readonly authority: string;
  readonly keepalivedConf: string;
  readonly keepalivedEnv: string;
  /** A folder that rsyslog reads. */
  readonly rsyslogConf: string;
  /** A folder that logrotate reads. */
  readonly logrotateConf: string;
  /** The command that makes rsyslog reopen its files. */
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
