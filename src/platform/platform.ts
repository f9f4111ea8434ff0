/** What differs between operating systems: names of packages, units and paths. A playbook never names one itself. */
export interface Platform {
  /** As the inventory says it: `debian-12`. */
  readonly id: string;
  readonly title: string;
  /** What `/etc/os-release` has to say: ID and VERSION_ID. */
  readonly osRelease: { readonly id: string; readonly versionId: string };
  readonly packages: PackageNames;
  readonly units: UnitNames;
  readonly paths: Paths;
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
  readonly pacemaker: readonly string[];
}

export interface UnitNames {
  readonly chrony: string;
  readonly mariadb: string;
  readonly rabbitmq: string;
  readonly memcached: string;
  readonly haproxy: string;
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
  readonly corosyncConf: string;
}
