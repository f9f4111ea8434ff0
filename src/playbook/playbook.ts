import type { z } from 'zod';
import type { InventoryProblem, LocatedProblem } from '../inventory/problem.ts';
import { ROLES, type Host, type Inventory, type Role } from '../inventory/types.ts';
import type { Platform } from '../platform/platform.ts';
import { mergeRules, type SecretRule, type SecretRules } from '../secrets/rule.ts';
import type { Secret } from '../secrets/secret.ts';
import { OshaError } from '../text/error.ts';
import { bare } from '../yaml/bare.ts';
import type { Backup } from './backup.ts';
import type { CarriedSecret } from './carried-secret.ts';
import type { DeclaredAuthority, DeclaredCloud } from './cloud.ts';
import type { Drill } from './drill.ts';
import type { Life } from './life.ts';
import type { HealthCheck } from './operation.ts';
import type { Step } from './step.ts';
import type { Takeover } from './takeover.ts';

export type { InventoryProblem } from '../inventory/problem.ts';
export { privateKey, token, type SecretRule } from '../secrets/rule.ts';

/** Selects the hosts of an inventory that a playbook runs on. */
export type HostSelector = (inventory: Inventory) => readonly Host[];

/** The hosts with a role. Throws a `TypeError` for an unknown role. */
export function role(name: Role): HostSelector {
  if (!ROLES.includes(name)) {
    throw new TypeError(`unknown role "${name}"; roles are ${ROLES.join(', ')}`);
  }
  return (inventory) => inventory.hosts.filter((host) => host.roles.includes(name));
}

/** Every host. */
export const everyHost: HostSelector = (inventory) => inventory.hosts;

/** The input of a playbook's functions. Known without connecting to a host. */
export interface PlaybookContext<Settings, SecretName extends string, OptionName extends string = never> {
  readonly inventory: Inventory;
  /** All hosts of the playbook, regardless of `--limit`. */
  readonly hosts: readonly Host[];
  readonly settings: Settings;
  /** The secrets that it declares, and no others; those of `moreSecrets` by name. */
  readonly secrets: Readonly<Record<SecretName, Secret>> & Readonly<Partial<Record<string, Secret>>>;
  readonly platform: Platform;
  /** The options given to this run: host names by option. */
  readonly options: Readonly<Partial<Record<OptionName, string>>>;
  /** The frontends of all playbooks in this deployment. */
  readonly frontends: readonly Frontend[];
  /** The units that a cluster manager of this deployment starts and stops. */
  readonly takeovers: readonly Takeover[];
}

/** A port that the system listens on, and the name of its process, which may already hold it. */
export interface PortUse {
  readonly port: number;
  readonly process: string;
  /** Names of the hosts; default all hosts of the playbook. */
  readonly hosts?: readonly string[];
}

/** An option of `deploy` for one run, with a host as its value. It is not stored in the inventory. */
export interface HostOption {
  /** The allowed hosts. Pure. */
  hosts(inventory: Inventory): readonly Host[];
  /** What these hosts are, for the error message: "member of the database". */
  readonly what: string;
  /** Title of the step that it takes effect in: a run that skips it with `--from` is refused. */
  readonly step?: string;
  /** What may be lost with `host`, as sentences for the operator to confirm. Default: nothing. */
  loses?(host: Host, inventory: Inventory): string | undefined;
}

/** A service behind HAProxy. */
export interface Frontend {
  /** Also the name of the section in `haproxy.cfg`. */
  readonly name: string;
  /** The VIP's name in the inventory. Fallback: the VIP for users, or the one for services if `internal`. */
  readonly vip: string;
  /** Used by services only: must not fall back to a VIP for users. */
  readonly internal?: true | undefined;
  readonly port: number;
  readonly mode: 'tcp' | 'http';
  readonly balance: 'source' | 'leastconn' | 'roundrobin';
  /** `all` balances connections over the servers; `single` uses the first live server, the others are backups. */
  readonly active: 'all' | 'single';
  readonly servers: readonly FrontendServer[];
  /**
   * What a client of a `tcp` frontend sees of a server: it sends something, after `send` if it waits for the client.
   * HAProxy accepts connections even without a server. Default: nothing is known about it.
   */
  readonly greeting?: { readonly send?: string };
  /** The health check; default: the port accepts connections. */
  readonly check?: { readonly port?: number; readonly httpPath?: string };
  /** Client and server timeout in milliseconds; default: the `defaults` section of HAProxy. */
  readonly idleTimeoutMs?: number;
  /** The unit behind it, if a cluster manager may run that on one server at a time. */
  readonly unit?: string;
  /** Its servers start in a phase after HAProxy, which does not wait for them. */
  readonly later?: true;
  /** Has no servers: redirects plain HTTP on any VIP to port 443 of the same name. */
  readonly redirectToHttps?: true;
}

export interface FrontendServer {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

export interface PlaybookDefinition<
  Schema extends z.ZodType,
  SecretName extends string,
  OptionName extends string = never,
> {
  /** The phase's name on the command line, and its key in the inventory. */
  readonly name: string;
  /** Its former name, still accepted wherever a user writes a phase name. */
  readonly formerly?: string;
  readonly title: string;
  readonly hosts: HostSelector;
  /** Phases that have to succeed first. */
  readonly needs?: readonly string[];
  /**
   * A name shared by independent playbooks, such as the services of one product: consecutive playbooks with the same name
   * that do not need each other run in parallel, even on the same host. Default: a playbook runs alone after all before it,
   * because the order implies more than `needs` says.
   */
  readonly wave?: string;
  /** What it runs is the host's own, such as its clock, and keeps running when the host leaves the deployment. */
  readonly servesHost?: true;
  /** Runs only if named with `--only` or `--from`: for occasional tasks, such as a key rotation. */
  readonly manual?: true;
  /** The schema of its key in the inventory; must accept `{}`. */
  readonly settings: Schema;
  readonly secrets?: Readonly<Record<SecretName, SecretRule>>;
  /** Secrets that depend on the inventory, such as those of the operator's own accounts. Pure. */
  moreSecrets?(
    settings: z.output<Schema>,
    inventory: Pick<Inventory, 'settings'>,
  ): Readonly<Record<string, SecretRule>>;
  /** Where the hosts store its secrets. Pure. `context.frontends` and `context.takeovers` are empty here. */
  carries?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly CarriedSecret[];
  /** Its options of `deploy`, by name without the dashes. */
  readonly options?: Readonly<Record<OptionName, HostOption>>;
  /** Pure and cheap: called before connecting to any host. */
  steps(context: PlaybookContext<z.output<Schema>, SecretName, OptionName>): readonly Step[];
  health?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly HealthCheck[];
  /** Default: the system spares a host if `health` finds another one healthy. */
  life?(context: PlaybookContext<z.output<Schema>, SecretName>): Life;
  /** What `osha drill` observes of it while a host is taken away; default: nothing. Pure. */
  drill?(context: PlaybookContext<z.output<Schema>, SecretName>): Drill;
  /** How `osha backup` and `osha restore` copy its data; default: it has none worth a copy. Pure. */
  backup?(context: PlaybookContext<z.output<Schema>, SecretName>): Backup;
  /** Its services behind HAProxy. `context.frontends` and `context.takeovers` are empty here. */
  frontends?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly Frontend[];
  /** Units that it starts and stops instead of the init system. `context.frontends` and `context.takeovers` are empty here. */
  takeovers?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly Takeover[];
  /** Ports that must be free, or already held by this system; see `osha check`. */
  readonly ports?: readonly PortUse[];
  /** More ports, which depend on the settings. `context.frontends` and `context.takeovers` are empty here. */
  morePorts?(context: PlaybookContext<z.output<Schema>, SecretName>): readonly PortUse[];
  /** The role whose cluster has an extra vote, from a host outside it that holds no data. Pure. */
  extraVote?(settings: z.output<Schema>): Role | undefined;
  /** The cloud that it deploys, for verbs that use it as a client; `undefined` if the inventory has none. Pure. */
  cloud?(inventory: Inventory): DeclaredCloud | undefined;
  /** The CA that signs its certificates. */
  readonly authority?: DeclaredAuthority;
  /** Checks the inventory for mistakes that only this playbook knows about. */
  validate?(inventory: Inventory, settings: z.output<Schema>): readonly InventoryProblem[];
}

/** A playbook for the planner, regardless of the types of its settings. */
export type Playbook = PlaybookDefinition<z.ZodType, string, string>;

/** Declares a playbook, and infers the types of its settings, secrets and options. */
export function playbook<
  Schema extends z.ZodType,
  const SecretName extends string = never,
  const OptionName extends string = never,
>(definition: PlaybookDefinition<Schema, SecretName, OptionName>): Playbook {
  return definition;
}

/** The rules of all secrets of a deployment: declared by playbooks, or required by their settings. `settings` are by playbook name. */
export function secretRules(
  playbooks: readonly Playbook[],
  settings: Readonly<Record<string, unknown>>,
): SecretRules {
  return mergeRules(playbooks.map((playbook) => ({ secrets: rulesOf(playbook, { settings }) })));
}

/** The rules of the secrets that one playbook declares. */
export function rulesOf(playbook: Playbook, inventory: Pick<Inventory, 'settings'>): SecretRules {
  const more = playbook.moreSecrets?.(inventory.settings[playbook.name], inventory);
  return { ...playbook.secrets, ...more };
}

/**
 * The function through which others read the settings of a playbook: `export const settingsOf = settingsReader('galera',
 * settings)`. Fills in defaults. The schema parses its own output again, so that must not change it.
 */
export function settingsReader<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
): (inventory: Pick<Inventory, 'settings'>) => z.output<Schema> {
  // The objects that zod creates have a prototype.
  return ({ settings }) => bare(schema.parse(settings[name] ?? {}));
}

/** A mistake in a user's own playbook, with its location and a hint. */
export class PlaybookFault extends OshaError {
  override name = 'PlaybookFault';
  readonly problem: LocatedProblem & { readonly hint: string };

  constructor(
    problem: LocatedProblem & { readonly hint: string },
    options: { readonly cause?: unknown } = {},
  ) {
    super(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`, {
      ...options,
      hint: problem.hint,
      exitCode: 2,
    });
    this.problem = problem;
  }
}
