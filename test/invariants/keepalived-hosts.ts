import type { ObserveOptions } from '../../playbooks/keepalived/cluster/observe.ts';
import type { Inventory, Vip } from '../../src/inventory/types.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { aHost } from '../support/inventory.ts';

/** All machines of the model. */
export const MACHINES = [1, 2, 3, 4].map((number) => aHost(`controller${number}`));

export const CONF = '/etc/keepalived/keepalived.conf';

export const VIP: Vip = {
  name: 'api',
  address: '192.0.2.20',
  prefixLength: 24,
  interface: 'eth0',
  by: 'keepalived',
  haproxy: true,
  holders: [],
};

const PASSWORD = new Secret('keepalived', 'value-of-keepalived');

export function observing(vips: readonly Vip[], inventory: Pick<Inventory, 'hosts'>): ObserveOptions {
  return { vips, inventory, unit: 'keepalived', conf: CONF, password: PASSWORD };
}
