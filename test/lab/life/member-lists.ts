/** Where a system on a host says which hosts are its members. */
const MEMBER_LISTS: Readonly<Record<string, string>> = {
  RabbitMQ: 'rabbitmqctl -q eval "rabbit_mnesia:cluster_nodes(all)."',
  etcd: 'ETCDCTL_API=3 etcdctl member list',
  Corosync: 'cat /etc/corosync/corosync.conf',
  Pacemaker: 'cibadmin --query --scope nodes',
  Galera: 'cat /etc/mysql/mariadb.conf.d/*.cnf',
  HAProxy: 'cat /etc/haproxy/haproxy.cfg',
  'the hosts file': 'cat /etc/hosts',
};

/** By system: whether a host lists another one, by name or address. `on` runs a script on the host. */
export async function membersListedOn(
  on: (script: string) => Promise<string>,
  { name, address }: { readonly name: string; readonly address: string },
): Promise<Readonly<Record<string, boolean>>> {
  const lists = await Promise.all(
    Object.entries(MEMBER_LISTS).map(async ([system, script]) => [system, await on(script)] as const),
  );
  return Object.fromEntries(
    lists.map(([system, list]) => [system, list.includes(name) || list.includes(address)]),
  );
}

export const listedEverywhere = (isListed: boolean): Readonly<Record<string, boolean>> =>
  Object.fromEntries(Object.keys(MEMBER_LISTS).map((system) => [system, isListed]));
