import type { Host } from '../inventory/types.ts';
import type { Credentials } from './api.ts';
import type { CloudService } from './catalogue.ts';

/** The network outside, where the inventory describes one. */
export interface OutsideNetwork {
  /** The name by which Neutron knows its wire. */
  readonly physicalNetwork: string;
  /** `203.0.113.0/24`. */
  readonly subnet: string;
  readonly gateway: string;
  /** `203.0.113.100-203.0.113.199`. */
  readonly floating: string;
}

/** A cloud as the inventory describes it. */
export interface Cloud {
  readonly name: string;
  readonly credentials: Credentials;
  /** The certificate of the CA that signed the virtual IP's, as PEM, where everybody does not know it. */
  readonly trust?: string;
  readonly services: readonly CloudService[];
  /** Hosts that can hold the virtual IP: through one of them it is reached, whatever network it is in. */
  readonly entrances: readonly Host[];
  readonly control: readonly Host[];
  readonly network: readonly Host[];
  readonly compute: readonly Host[];
  /** Where Glance listens on every control host. */
  readonly imagePort: number;
  readonly outside?: OutsideNetwork;
}
