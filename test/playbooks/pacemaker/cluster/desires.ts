import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  DesiredConstraint,
  DesiredGroup,
  DesiredResource,
  DesiredResources,
} from '../../../../playbooks/pacemaker/cluster/desired.ts';
import { decideResources } from '../../../../playbooks/pacemaker/cluster/resources.ts';
import type { Change } from '../../../../src/playbook/operation.ts';
import { parseMonitor, parseCib } from '../../../../playbooks/pacemaker/cluster/resource-state.ts';

export function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
}

export const vip = (name: string, ip: string): DesiredResource => ({
  id: `vip-${name}`,
  agent: 'ocf:heartbeat:IPaddr2',
  options: { ip, cidr_netmask: '24', nic: 'eth0' },
  monitorSeconds: 10,
});
export const unit = (id: string): DesiredResource => ({
  id,
  agent: `systemd:${id}`,
  options: {},
  monitorSeconds: 10,
});
export const haproxy = { ...unit('haproxy'), clone: true } as const;
export const api = vip('api', '172.29.77.20');
export const database = vip('database', '172.29.77.21');

export const withHaproxy = (resource: string): readonly DesiredConstraint[] => [
  { kind: 'order', resource, other: 'haproxy-clone', strength: 'Optional' },
  { kind: 'colocation', resource, other: 'haproxy-clone', strength: 'INFINITY' },
];
export const location = (resource: string, other: string, strength: string): DesiredConstraint => ({
  kind: 'location',
  resource,
  other,
  strength,
});

/** What the cluster of the first fixture was made from, before osha noted what it made. */
export const clones: DesiredResources = {
  properties: { 'cluster-recheck-interval': '5min', 'stonith-enabled': 'false' },
  defaults: {},
  resources: [haproxy, api, database],
  groups: [],
  fences: [],
  constraints: [...withHaproxy('vip-api'), ...withHaproxy('vip-database')],
};

export const web: DesiredGroup = { id: 'web', resources: [api, unit('haproxy'), unit('memcached')] };

/** What the cluster of the second fixture was made from. */
export const grouped: DesiredResources = {
  ...clones,
  resources: [database],
  groups: [web],
  constraints: [
    location('web', 'controller1', '100'),
    location('web', 'controller2', '50'),
    location('web', 'controller3', '-INFINITY'),
  ],
};

/** The configuration of the first fixture with all of it noted. */
export const RECORDED = fixture('cib.xml').replace(
  '</cluster_property_set>',
  '<nvpair id="made" name="osha-made" value="haproxy haproxy-clone vip-api vip-database order-vip-api-haproxy-clone-Optional colocation-vip-api-haproxy-clone-INFINITY order-vip-database-haproxy-clone-Optional colocation-vip-database-haproxy-clone-INFINITY"/></cluster_property_set>',
);

export function changes(
  desired: DesiredResources,
  cib: string = RECORDED,
  monitor = 'crm-mon.xml',
): readonly Change[] {
  return decideResources(desired, { cib: parseCib(cib), monitor: parseMonitor(fixture(monitor)) });
}

export function summaries(...given: Parameters<typeof changes>): readonly string[] {
  return changes(...given).map(({ summary, prunes }) => `${prunes ? 'prune: ' : ''}${summary}`);
}
