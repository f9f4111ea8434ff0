import type { z } from 'zod';
import type { InventoryProblem } from '../inventory/problem.ts';
import { ROLES, type Host, type Inventory, type Role } from '../inventory/types.ts';
import type { Platform } from '../platform/platform.ts';
import type { SecretRule } from '../secrets/rule.ts';
import type { Secret } from '../secrets/secret.ts';
import type { CarriedSecret } from './carried-secret.ts';
import type { DeclaredAuthority, DeclaredCloud } from './cloud.ts';
import type { Frontend } from './frontend.ts';
import type { HealthCheck } from './operation.ts';
import type { HostOption } from './host-option.ts';
import type { Step } from './step.ts';
import type { Takeover } from './takeover.ts';

export type { InventoryProblem } from '../inventory/problem.ts';
export { privateKey, token, type SecretRule } from '../secrets/rule.ts';

/** Which hosts of an inventory a playbook runs on. */
export type HostSelector = (inventory: Inventory) => readonly Host[];

/** The hosts that have a role. Throws a `TypeError` where there is no such role. */
export function role(name: Role): HostSelector {
  if (!ROLES.includes(name)) {
    throw new TypeError(`there is no role "${name}"; there are ${ROLES.join(', ')}`);
  }
  return (inventory) => inventory.hosts.filter((host) => host.roles.includes(name));
}

/** Every host. */
export const everyHost: HostSelector = (inventory) => inventory.hosts;

/** Everything that a playbook's steps are made from. Nothing in it was asked of a host. */
export interface PlaybookContext<Settings, SecretName extends string, OptionName extends string = never> {
  readonly inventory: Inventory;
  /** The playbook's hosts, all of them whatever `--limit` says. */
  readonly hosts: readonly Host[];
  readonly settings: Settings;
  /** Those that it declares; besides, by their names, those of `moreSecrets`. */
  readonly secrets: Readonly<Record<SecretName, Secret>> & Readonly<Partial<Record<string, Secret>>>;
  readonly platform: Platform;
  /** Names of hosts, by those of its options that were given to this run. */
  readonly options: Readonly<Partial<Record<OptionName, string>>>;
  /** What every playbook of this deployment puts behind HAProxy. */
  readonly frontends: readonly Frontend[];
  /** What a cluster manager of this deployment starts and stops instead of the init system. */
  readonly takeovers: readonly Takeover[];
}

/** A port that a playbook's system listens on, and the process that may hold it already. */
export interface PortUse {
  readonly port: number;
  readonly process: string;
  /** Names of the hosts on which it does; default all of the playbook. */
  readonly hosts?: readonly string[];
}

export interface PlaybookDefinition<
  Schema extends z.ZodType,
  SecretName extends string,
  OptionName extends string = never,
> {
  /** The phase's name on the command line, and its key in the inventory. */
  readonly name: string;
  /** A name that it had before, which is still taken wherever a user writes its name. */
  readonly formerly?: string;
  readonly title: string;
  readonly hosts: HostSelector;
  /** Phases that have to be done before. */
  readonly needs?: readonly string[];
  /**
   * A name that independent playbooks share, such as the services of one product: those that follow one another with the
   * same name, and need each other in no way, run at the same time, also on the same host. Default: a playbook runs by
   * itself when all before it have ended, because their order means more than `needs` says.
   */
  readonly sideBySide?: string;
  /** Runs only when it is named, with `--only` or `--from`: something to be done now and then, such as a rotation of keys. */
  readonly manual?: true;
  /** The shape of the playbook's own key in the inventory; `{}` has to satisfy it. */
  readonly settings: Schema;
  readonly secrets?: Readonly<Record<SecretName, SecretRule>>;
  /** Secrets for what the inventory itself names, such as accounts of the operator's own. Pure. */
  moreSecrets?(settings: z.output<Schema>): Readonly<Record<string, SecretRule>>;
  /** Where its secrets are found on the hosts. Pure. `context.frontends` and `context.takeovers` are empty here. */
  carries?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly CarriedSecret[];
  /** Options of `deploy` that it takes, by their names on the command line without the dashes. */
  readonly options?: Readonly<Record<OptionName, HostOption>>;
  /** Pure and cheap: called before any host is reached. */
  steps(context: PlaybookContext<z.output<Schema>, SecretName, OptionName>): readonly Step[];
  health?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly HealthCheck[];
  /** What HAProxy puts in front of it. `context.frontends` and `context.takeovers` are empty here. */
  frontends?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly Frontend[];
  /** What it starts and stops instead of the init system. `context.frontends` and `context.takeovers` are empty here. */
  takeovers?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly Takeover[];
  /** Ports that `check` wants free, or held by this system already. */
  readonly ports?: readonly PortUse[];
  /** Those of them that follow from the settings. `context.frontends` and `context.takeovers` are empty here. */
  morePorts?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly PortUse[];
  /** The role of a cluster that has one vote more than hosts: some other host votes in it, without its data. Pure. */
  extraVote?(settings: z.output<Schema>): Role | undefined;
  /** The cloud that it deploys, for the verbs that use it from outside; nothing where the inventory asks for none. Pure. */
  cloud?(inventory: Inventory): DeclaredCloud | undefined;
  /** The CA that it signs certificates with. */
  readonly authority?: DeclaredAuthority;
  /** Mistakes that only this playbook can know of. */
  validate?(inventory: Inventory, settings: z.output<Schema>): readonly InventoryProblem[];
}

/** A playbook as the planner takes it, whatever its settings look like. */
export type Playbook = PlaybookDefinition<z.ZodType, string, string>;

/** Declares a playbook; the types of its settings and secrets follow from what it declares. */
export function playbook<
  Schema extends z.ZodType,
  const SecretName extends string = never,
  const OptionName extends string = never,
>(definition: PlaybookDefinition<Schema, SecretName, OptionName>): Playbook {
  return definition;
}
