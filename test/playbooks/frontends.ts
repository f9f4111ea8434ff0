import { anInventory } from '../support/inventory.ts';
import type { Frontend } from '../../src/playbook/playbook.ts';

/** The three controllers, as servers on one port. */
export function servers(port: number): Frontend['servers'] {
  return anInventory().hosts.map(({ name, address }) => ({ host: name, address, port }));
}

/** The frontend of a database that one server at a time answers for. */
export const database: Frontend = {
  name: 'database',
  vip: 'database',
  port: 3306,
  mode: 'tcp',
  balance: 'leastconn',
  active: 'single',
  servers: servers(3306),
  check: { port: 9200, httpPath: '/' },
  idleTimeoutMs: 3 * 3600_000,
};
