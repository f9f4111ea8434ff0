import type { HolderView, InstanceView } from '../../../playbooks/keepalived/cluster/observe.ts';
import type { NetworkAnswer } from '../../../playbooks/keepalived/cluster/network-question.ts';
import type { Inventory, Vip } from '../../../src/inventory/types.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { Secret } from '../../../src/secrets/secret.ts';

/** A virtual IP of the test inventory held by keepalived, by default on all three controllers. */
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

/** Options of the operations on holders. */
export function observing(vips: readonly Vip[], inventory: Pick<Inventory, 'hosts'>) {
  const password = new Secret('keepalived', 'value-of-keepalived');
  return { vips, inventory, unit: 'keepalived', conf: '/etc/keepalived/keepalived.conf', password };
}

export interface Heard {
  /** ARP replies, by the last number of the address and of the replying host. */
  readonly arp?: readonly (readonly [address: number, answeredBy: number])[];
  readonly closed?: readonly number[];
  readonly speaks?: readonly number[];
  readonly failed?: string;
}

/** The hardware address of the host at 192.0.2.x. */
export function macOf(last: number): string {
  return `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`;
}

/** What a host heard on the network 192.0.2.0/24. */
export function heard({ arp = [], closed = [], speaks = [], failed }: Heard): NetworkAnswer {
  const all = (lasts: readonly number[]): ReadonlySet<string> =>
    new Set(lasts.map((last) => `192.0.2.${last}`));
  const macs = new Map<string, Set<string>>();
  for (const [address, by] of arp) {
    const key = `192.0.2.${address}`;
    macs.set(key, (macs.get(key) ?? new Set()).add(macOf(by)));
  }
  return { failed, macs, closed: all(closed), speaks: all(speaks) };
}

export interface Says {
  readonly unit?: string;
  readonly holds?: readonly number[];
  readonly instances?: readonly InstanceView[] | undefined;
  readonly samePassword?: boolean;
  readonly records?: Readonly<Record<string, string>>;
  /** The network query for the virtual IP `api`. */
  readonly heard?: Heard;
}

/** The answer of the host at 192.0.2.x. */
export function says(last: number, given: Says = {}): Answer<HolderView> {
  return {
    reachable: true,
    observed: {
      unit: given.unit ?? 'active',
      addresses: new Set([
        '127.0.0.1',
        `192.0.2.${last}`,
        ...(given.holds ?? []).map((held) => `192.0.2.${held}`),
      ]),
      macs: new Set([macOf(last)]),
      instances: given.instances,
      samePassword: given.instances === undefined ? undefined : (given.samePassword ?? true),
      text: '',
      records: new Map(Object.entries(given.records ?? {})),
      heard: given.heard ? new Map([['api', heard(given.heard)]]) : new Map(),
    },
  };
}

/** An instance of `api` at 192.0.2.20, as a file of osha's has it, with its holders by the last number of their address. */
export function instance(holders: readonly number[], given: Partial<InstanceView> = {}): InstanceView {
  return {
    name: 'api',
    routerId: 20,
    advertSeconds: 1,
    multicast: false,
    addresses: ['192.0.2.20'],
    holders: holders.map((last) => ({ name: `controller${last - 10}`, address: `192.0.2.${last}` })),
    ...given,
  };
}
