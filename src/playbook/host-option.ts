import type { Host, Inventory } from '../inventory/types.ts';

/**
 * A choice that the operator makes for one run, by naming a host: an option of `deploy`, called as the playbook calls it.
 * Nothing of it stands in the inventory.
 */
export interface HostOption {
  /** Hosts that it may name. Pure. */
  hosts(inventory: Inventory): readonly Host[];
  /** What such a host is, for whoever names another: "member of the database". */
  readonly what: string;
  /** What may be lost when `host` is named, as sentences that the operator has to confirm. Default: nothing. */
  loses?(host: Host, inventory: Inventory): string | undefined;
}
