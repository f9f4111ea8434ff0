import type { Host, Inventory } from '../inventory/types.ts';
import type { Platform } from '../platform/platform.ts';
import type { CarriedSecret } from '../playbook/carried-secret.ts';
import type { Backup } from '../playbook/backup.ts';
import type { Drill } from '../playbook/drill.ts';
import { disruptive, type HealthCheck } from '../playbook/operation.ts';
import type { SpareCheck } from '../playbook/life.ts';
import { rulesOf, type Playbook, type PlaybookContext, type PortUse } from '../playbook/playbook.ts';
import type { Step } from '../playbook/step.ts';
import type { Secret } from '../secrets/secret.ts';
import { checkedOptions, refuseOptionsOf, type GivenOptions, type Loss } from './checked-options.ts';
import { inOrder, inWaves } from './order.ts';
import {
  concernsAllHosts,
  isBackwards,
  isPartOf,
  isWorthwhile,
  spareChecksOf,
  stepsFor,
  type Purpose,
  type SpareQuestion,
} from './purpose.ts';
import { byPresentNames, selectHosts, selectPhases, SelectionError, type Selection } from './selection.ts';

/** What a run will do, in order. Made without connecting to a host. */
export interface Plan {
  readonly inventory: Inventory;
  readonly phases: readonly PlannedPhase[];
  /** The same phases: those of a wave run in parallel, the waves one at a time. */
  readonly waves: readonly (readonly PlannedPhase[])[];
  /** The hosts that may be changed. */
  readonly hosts: readonly Host[];
  /** What the given options may lose: the operator has to confirm it. */
  readonly losses: readonly Loss[];
}

export interface PlannedPhase {
  readonly name: string;
  readonly title: string;
  /** Phases of this plan that have to succeed first. */
  readonly needs: readonly string[];
  /** The hosts that may be changed. */
  readonly hosts: readonly Host[];
  readonly steps: readonly PlannedStep[];
  readonly health: readonly HealthCheck[];
  /** Whether the system can spare one of its hosts; nothing for a host that it does not run on. */
  readonly spares: (host: Host, question: SpareQuestion) => readonly SpareCheck[];
  /** Why a host cannot leave the system; `undefined` if it can. */
  readonly whyKept: (host: Host) => string | undefined;
  /** What an availability test observes of the system. */
  readonly drill: Drill;
  /** How its data is backed up and restored, if it has any. */
  readonly backup: Backup | undefined;
  readonly ports: readonly PortUse[];
}

export interface PlannedStep {
  /** The slug of its title, unique in its phase, for `--from PHASE:STEP`. */
  readonly id: string;
  readonly step: Step;
  /** The hosts that it may change. */
  readonly hosts: readonly Host[];
  /**
   * In words: "in parallel", "in parallel, restarts one at a time", "one at a time", "once", "cluster", "verify". A getter,
   * because it has to create the operations of all hosts.
   */
  readonly strategy: string;
}

export interface PlanRequest {
  /** In deployment order. */
  readonly playbooks: readonly Playbook[];
  readonly inventory: Inventory;
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly platform: Platform;
  readonly selection?: Selection;
  /** What to do with each system; default: deploy it. Phases without a step for it are left out. */
  readonly purpose?: Purpose;
  /** See `Playbook.options`. */
  readonly options?: GivenOptions | undefined;
  /** For `osha run`: plan only the playbooks of this file. */
  readonly run?: { readonly file: string; readonly playbooks: readonly Playbook[] } | undefined;
}

/** The plan for an inventory. Pure. Throws `SelectionError` if the selection or an option is invalid. */
export function createPlan(request: PlanRequest): Plan {
  const { inventory, run, purpose = { kind: 'deploy' } } = request;
  const selection = byPresentNames(request.selection ?? {}, request.playbooks);
  const present = inOrder(request.playbooks).filter((playbook) => playbook.hosts(inventory).length > 0);
  const allowed = new Set(selectHosts(inventory, selection.limit).map((host) => host.name));
  const mayRun = (playbook: Playbook): boolean =>
    playbook.hosts(inventory).some((host) => allowed.has(host.name));
  const selected = run
    ? selectPhases(playbooksOfFile(present, run), selection, { of: run.file, named: true })
    : selectPhases(present, selection);
  const selectedNames = new Set(selected.map((playbook) => playbook.name));
  const losses = checkedOptions(request.options ?? {}, {
    inventory,
    present,
    selected: selected.filter(mayRun),
    allowed,
  });
  const shared = sharedOf(present, request);
  const planned = (playbook: Playbook): PlannedPhase => {
    const context = contextOf(playbook, request, shared);
    const hosts = context.hosts.filter((host) => allowed.has(host.name));
    const health = playbook.health?.(context) ?? [];
    const system = { playbook, context, health };
    const steps = identified(stepsFor(system, purpose)).map(({ id, step: declared }): PlannedStep => {
      const all = hostsOf(declared, context.hosts);
      const step = onceWhereDeclared(declared, all);
      const onHosts = all.filter((host) => allowed.has(host.name));
      return {
        id,
        step,
        hosts: onHosts,
        get strategy() {
          return strategyInWords(step, onHosts);
        },
      };
    });
    const from = selection.from?.phase === playbook.name ? selection.from : undefined;
    const first = from?.step === undefined ? 0 : indexOfStep(steps, from.phase, from.step);
    refuseOptionsOf(steps.slice(0, first), playbook, request.options ?? {});
    return {
      name: playbook.name,
      title: playbook.title,
      needs: (playbook.needs ?? []).filter((need) => selectedNames.has(need)),
      hosts,
      steps: steps.slice(first).filter(({ step }) => isPartOf(purpose, step)),
      health,
      spares: (host, question) => spareChecksOf(system, host, question),
      whyKept: (host) => playbook.life?.(context).whyKept?.(host),
      drill: playbook.drill?.(context) ?? {},
      backup: playbook.backup?.(context),
      ports: [...(playbook.ports ?? []), ...(playbook.morePorts?.(context) ?? [])],
    };
  };
  const inDeploymentOrder = inWaves(selected.filter(mayRun), present)
    .map((wave) =>
      wave.map(planned).filter(({ steps }) =>
        isWorthwhile(
          purpose,
          steps.map(({ step }) => step),
        ),
      ),
    )
    .filter((wave) => wave.length > 0);
  const waves = isBackwards(purpose) ? backwards(inDeploymentOrder) : inDeploymentOrder;
  const changed = new Set(waves.flat().flatMap(({ steps }) => steps.flatMap(({ hosts }) => hosts)));
  return {
    inventory,
    hosts: inventory.hosts.filter(
      (host) => allowed.has(host.name) && (concernsAllHosts(purpose) || changed.has(host)),
    ),
    phases: waves.flat(),
    waves,
    losses,
  };
}

/** In the opposite order, and none before those that depend on it have succeeded. */
function backwards(waves: readonly (readonly PlannedPhase[])[]): readonly (readonly PlannedPhase[])[] {
  const reversed = waves.toReversed();
  return reversed.map((wave, index) => {
    const needs = reversed.slice(0, index).flatMap((earlier) => earlier.map(({ name }) => name));
    return wave.map((phase) => ({ ...phase, needs }));
  });
}

function playbooksOfFile(
  present: readonly Playbook[],
  { file, playbooks }: NonNullable<PlanRequest['run']>,
): readonly Playbook[] {
  const names = playbooks.map((playbook) => playbook.name);
  const found = present.filter((playbook) => names.includes(playbook.name));
  if (found.length > 0) return found;
  throw new SelectionError(
    `${file} selects no host of this inventory (${names.join(', ')})`,
    `change the hosts in ${file}, or give a host the role that it selects`,
  );
}

function contextOf(
  playbook: Playbook,
  request: PlanRequest,
  shared: Shared,
): PlaybookContext<unknown, string, string> {
  return {
    inventory: request.inventory,
    hosts: playbook.hosts(request.inventory),
    settings: request.inventory.settings[playbook.name],
    secrets: declaredOf(playbook, request),
    platform: request.platform,
    options: request.options ?? {},
    ...shared,
  };
}

/** The secrets that a playbook declares: it gets no others. */
function declaredOf(playbook: Playbook, { secrets, inventory }: PlanRequest): PlanRequest['secrets'] {
  const declared = rulesOf(playbook, inventory);
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => Object.hasOwn(declared, name)));
}

/** Declarations of all playbooks, which each of them receives. */
type Shared = Pick<PlaybookContext<unknown, string>, 'frontends' | 'takeovers'>;

/** Collected from all playbooks of the inventory, regardless of the selection, which must not shrink a configuration. */
function sharedOf(playbooks: readonly Playbook[], request: PlanRequest): Shared {
  const nothing: Shared = { frontends: [], takeovers: [] };
  const all = playbooks.map((playbook) => [playbook, contextOf(playbook, request, nothing)] as const);
  return {
    frontends: all.flatMap(([playbook, context]) => playbook.frontends?.(context) ?? []),
    takeovers: all.flatMap(([playbook, context]) => playbook.takeovers?.(context) ?? []),
  };
}

/** Where the hosts store the secrets of a deployment. Pure. */
export function carriedSecretsOf(request: Omit<PlanRequest, 'selection'>): readonly CarriedSecret[] {
  const nothing: Shared = { frontends: [], takeovers: [] };
  return request.playbooks
    .filter((playbook) => playbook.hosts(request.inventory).length > 0)
    .flatMap((playbook) => playbook.carries?.(contextOf(playbook, request, nothing)) ?? []);
}

function hostsOf(step: Step, hosts: readonly Host[]): readonly Host[] {
  if (step.hosts) return step.hosts;
  if (step.kind === 'cluster') return step.operation.members;
  if (step.kind === 'verify') return step.check.members;
  return hosts;
}

/** Makes a step of run-once operations run once. Throws a `TypeError` if it mixes them with others. */
function onceWhereDeclared(step: Step, hosts: readonly Host[]): Step {
  const [first] = hosts;
  if (step.kind !== 'host' || step.strategy.kind !== 'all' || !first) return step;
  const operations = step.operations(first);
  const once = operations.filter(({ runsOnce }) => runsOnce);
  if (once.length === 0) return step;
  const other = operations.find(({ runsOnce }) => !runsOnce);
  if (other) {
    throw new TypeError(
      `step "${step.title}": "${once[0]?.title}" runs once and "${other.title}" on each host; put them in separate steps`,
    );
  }
  return { ...step, strategy: { kind: 'once' } };
}

function strategyInWords(step: Step, hosts: readonly Host[]): string {
  if (step.kind !== 'host') return step.kind;
  switch (step.strategy.kind) {
    case 'all': {
      const operations = hosts.flatMap((host) => step.operations(host));
      const inTurn = new Set(operations.flatMap(({ effects }) => disruptive(effects)));
      return inTurn.size === 0 ? 'in parallel' : `in parallel, ${[...inTurn].join(' and ')} one at a time`;
    }
    case 'oneAtATime':
      return 'one at a time';
    case 'once':
      return 'once';
  }
}

function identified(steps: readonly Step[]): readonly { id: string; step: Step }[] {
  const seen = new Map<string, number>();
  return steps.map((step) => {
    const slug = step.title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    const count = (seen.get(slug) ?? 0) + 1;
    seen.set(slug, count);
    return { id: count === 1 ? slug : `${slug}-${count}`, step };
  });
}

/** Where a step stands in its phase. Throws `SelectionError` for an unknown one. */
function indexOfStep(steps: readonly PlannedStep[], phase: string, id: string): number {
  const index = steps.findIndex((planned) => planned.id === id);
  if (index >= 0) return index;
  throw new SelectionError(
    `--from: the phase ${phase} has no step "${id}"`,
    `its steps are: ${steps.map((planned) => planned.id).join(', ')}`,
  );
}
