import type { Vip } from '../../../src/inventory/types.ts';

/** A virtual IP of the test inventory that keepalived holds, on all three controllers unless told otherwise. */
export function kept(name: string, last: number, overrides: Partial<Vip> = {}): Vip {
  return {
    name,
    address: `192.0.2.${last}`,
    prefixLength: 24,
    interface: 'eth0',
    by: 'keepalived',
    haproxy: true,
    holders: ['controller1', 'controller2', 'controller3'],
    ...overrides,
  };
}
