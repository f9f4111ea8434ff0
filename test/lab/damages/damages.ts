/** A mistake or failure on one host of a deployed cluster. */
export interface Damage {
  readonly what: string;
  readonly host: string;
  /** POSIX sh, run as root on the host. */
  readonly script: string;
  /** If osha leaves it to the operator: the expected failure, and the operator's fix. */
  readonly leftToOperator?: { readonly says: RegExp; readonly repair: string };
  /** If osha only reports it, because it did not create it: how to remove it again. */
  readonly leftAlone?: string;
}

const CHRONY = '/etc/chrony/chrony.conf';
const NODE = 'rabbit@controller3';

/** Stops a unit permanently, even one that systemd would restart. */
const stopped = (unit: string): string => `systemctl stop ${unit}`;

/** One of each kind that design.md section 3 names: files, units, packages, the kernel, databases, brokers, clusters. */
export const DAMAGES: readonly Damage[] = [
  { what: 'a line is added to a managed file', host: 'controller2', script: `echo '# by hand' >>${CHRONY}` },
  { what: 'the mode of a managed file is changed', host: 'controller2', script: `chmod 666 ${CHRONY}` },
  { what: 'the owner of a managed file is changed', host: 'controller2', script: `chown nobody ${CHRONY}` },
  {
    what: 'a managed file is replaced by a symbolic link',
    host: 'controller2',
    script: `mv ${CHRONY} /root/chrony.conf && ln -s /root/chrony.conf ${CHRONY}`,
  },
  { what: 'a managed file is deleted', host: 'controller2', script: `rm ${CHRONY}` },
  {
    what: 'the configuration of HAProxy is edited',
    host: 'controller1',
    script: `sed -i 's/^    retries 3$/    retries 7/' /etc/haproxy/haproxy.cfg`,
  },
  {
    what: 'the configuration of a broker is edited',
    host: 'controller2',
    script: `echo '# by hand' >>/etc/rabbitmq/rabbitmq.conf`,
  },
  {
    what: 'the configuration of a database is edited',
    host: 'controller3',
    script: `echo '# by hand' >>/etc/mysql/mariadb.conf.d/60-osha-galera.cnf`,
  },
  {
    what: 'the configuration of an etcd member is edited',
    host: 'controller1',
    script: `echo '# by hand' >>/etc/default/etcd`,
  },
  { what: 'a unit is stopped', host: 'controller2', script: stopped('memcached') },
  { what: 'a unit is disabled', host: 'controller2', script: 'systemctl disable --quiet chrony' },
  {
    what: 'a unit is stopped and masked',
    host: 'controller2',
    script: 'systemctl mask --quiet --now memcached',
  },
  {
    what: 'a package is removed',
    host: 'controller2',
    script: 'DEBIAN_FRONTEND=noninteractive apt-get remove -qq memcached >/dev/null 2>&1',
  },
  { what: 'a sysctl is changed', host: 'controller1', script: 'sysctl -qw net.ipv4.ip_nonlocal_bind=0' },
  {
    what: 'the time zone is changed',
    host: 'controller3',
    script: 'ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime && echo Asia/Tokyo >/etc/timezone',
  },
  {
    what: 'a name is removed from /etc/hosts',
    host: 'controller1',
    script: `sed -i '/controller3/d' /etc/hosts`,
  },
  {
    what: 'the database account of the health endpoint is dropped',
    host: 'controller2',
    script: `mysql -e "DROP USER 'osha-health'@'localhost'"`,
  },
  {
    what: 'the database allows remote root logins',
    host: 'controller2',
    script: `mysql -e "CREATE USER root@'%' IDENTIFIED BY 'root'"`,
  },
  {
    what: 'a user of the broker is deleted',
    host: 'controller2',
    script: 'rabbitmqctl -q delete_user openstack',
  },
  {
    what: 'a permission of the broker is cleared',
    host: 'controller2',
    script: 'rabbitmqctl -q clear_permissions -p / openstack',
  },
  {
    what: 'the policy of the broker is cleared',
    host: 'controller2',
    script:
      'rabbitmqctl -q clear_policy -p / "$(rabbitmqctl -q list_policies --no-table-headers | cut -f 2)"',
  },
  { what: 'a broker is stopped', host: 'controller1', script: stopped('rabbitmq-server') },
  {
    what: 'the broker of the first host is reset and runs alone',
    host: 'controller1',
    script: 'rabbitmqctl -q stop_app && rabbitmqctl -q reset && rabbitmqctl -q start_app',
  },
  {
    what: 'the data of a broker is wiped',
    host: 'controller3',
    script: `systemctl stop rabbitmq-server && rm -rf /var/lib/rabbitmq/mnesia/${NODE} /var/lib/rabbitmq/mnesia/${NODE}-*`,
  },
  {
    what: 'the Erlang cookie on disk is replaced',
    host: 'controller2',
    script: `printf AAAABBBBCCCCDDDDEEEE >/var/lib/rabbitmq/.erlang.cookie`,
  },
  {
    what: 'a property of the Pacemaker cluster is changed',
    host: 'controller1',
    script: 'pcs property set no-quorum-policy=ignore',
  },
  {
    what: 'a Pacemaker constraint is created by hand',
    host: 'controller1',
    script: 'pcs constraint location vip-api prefers controller3=50 >/dev/null 2>&1',
    leftAlone:
      'pcs constraint remove "$(pcs constraint location config --full | sed -n "s/.*controller3.*id: *\\([^ )]*\\).*/\\1/p")"',
  },
  {
    what: 'a Pacemaker node is in standby',
    host: 'controller2',
    script: 'pcs node standby controller2 --wait=60',
    leftToOperator: { says: /standby/, repair: 'pcs node unstandby controller2 --wait=60' },
  },
  {
    what: 'a resource of Pacemaker is disabled',
    host: 'controller1',
    script: 'pcs resource disable vip-api --wait=60 >/dev/null 2>&1',
  },
  {
    what: 'the limits of a virtual IP of Pacemaker are removed',
    host: 'controller1',
    script:
      'pcs resource update vip-api op start interval=0s timeout=20s op stop interval=0s timeout=20s op monitor interval=10s',
  },
  { what: 'a Pacemaker node is stopped', host: 'controller3', script: 'pcs cluster stop >/dev/null 2>&1' },
  {
    what: 'the data of an etcd member is wiped',
    host: 'controller3',
    script: 'systemctl stop etcd && rm -rf /var/lib/etcd/*',
  },
  { what: 'an etcd member is stopped', host: 'controller1', script: stopped('etcd') },
  {
    what: 'a database is killed and stays down',
    host: 'controller1',
    script: 'systemctl kill -s KILL mariadb; systemctl stop mariadb',
  },
  {
    what: 'the data of a database is wiped',
    host: 'controller3',
    script: 'systemctl stop mariadb && rm -rf /var/lib/mysql/* /var/lib/mysql/.[!.]*',
  },
];
