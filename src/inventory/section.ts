import type { ZodType } from 'zod';
import type { InventoryProblem } from './problem.ts';
import type { Host, Inventory, Role } from './types.ts';

/** A key of the inventory that a playbook owns. Every `Playbook` is one. */
export interface SettingsSection {
  /** The key. */
  readonly name: string;
  /** The key that it had before, which is still read. */
  readonly formerly?: string;
  readonly title: string;
  /** The shape of its value; `{}` has to satisfy it. */
  readonly settings: ZodType;
  /** The hosts that it is for. */
  hosts(inventory: Inventory): readonly Host[];
  /** The role of a cluster that has one vote more than hosts: some other host votes in it, without its data. */
  extraVote?(settings: unknown): Role | undefined;
  /** Mistakes that only it can know of. */
  validate?(inventory: Inventory, settings: unknown): readonly InventoryProblem[];
}
