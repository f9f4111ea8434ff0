import type { Host } from '../inventory/types.ts';
import { sparedByOthers, type SpareCheck } from '../playbook/life.ts';
import type { ClusterOperation, HealthCheck, Operation } from '../playbook/operation.ts';
import type { Playbook, PlaybookContext } from '../playbook/playbook.ts';
import { step, verify, type Step } from '../playbook/step.ts';
import { installedMark, listsFetched, upgraded } from '../operations/packages.ts';
import { renewed, restarted, stopped } from '../operations/service.ts';

/** What a plan does with each system. */
export type Purpose =
  | { readonly kind: 'deploy' }
  /** Only steps that recover, and verifications. */
  | { readonly kind: 'recover' }
  /** Moves work away from a host, and back. */
  | { readonly kind: 'drain' | 'undrain'; readonly host: Host }
  /** Stops every system on a host for good, after its work was moved away. Of one that is dead: only what is left of it. */
  | { readonly kind: 'leave'; readonly host: Host; readonly how: 'alive' | 'dead' }
  /** One host at a time. `youngerThanSeconds`: units that were started within this time are left alone. */
  | { readonly kind: 'restart'; readonly youngerThanSeconds: () => number }
  /** Packages to the offered version, one host at a time, and restarts of what runs an older one. */
  | { readonly kind: 'upgrade' };

/** For what a host has to be spared. */
export type SpareQuestion = 'okToStop' | 'okToDrain' | 'okToLeave' | 'okToRestart';

/** What a system declares about itself, for one inventory. */
export interface DeclaredSystem {
  readonly playbook: Playbook;
  readonly context: PlaybookContext<unknown, string, string>;
  readonly health: readonly HealthCheck[];
}

/** Whether phases come in the opposite order of a deployment: what depends on others gives way first. */
export function isBackwards({ kind }: Purpose): boolean {
  return kind === 'drain' || kind === 'leave';
}

/** Whether every host of the inventory takes part, even one without a step. */
export function concernsAllHosts({ kind }: Purpose): boolean {
  return kind === 'deploy' || kind === 'recover';
}

/** The steps of a system for a purpose. Pure. */
export function stepsFor(system: DeclaredSystem, purpose: Purpose): readonly Step[] {
  const { playbook, context } = system;
  switch (purpose.kind) {
    case 'deploy':
      return playbook.steps(context);
    case 'recover':
      return playbook.steps(context).map(withoutFiles);
    case 'drain':
    case 'undrain':
      return playbook.life?.(context)[purpose.kind]?.(purpose.host) ?? [];
    case 'leave':
      return leaveSteps(system, purpose);
    case 'restart':
      return context.hosts.flatMap((host) =>
        rollingSteps(system, host, 'Restart', restarts(system, host, purpose.youngerThanSeconds)),
      );
    case 'upgrade':
      return upgradeSteps(system);
  }
}

/** Whether a planned step belongs to a purpose. */
export function isPartOf({ kind }: Purpose, planned: Step): boolean {
  if (kind !== 'recover') return true;
  return planned.kind === 'verify' ? !planned.awaitsOthers : planned.recovers === true;
}

/** Whether a phase with these steps has anything to do for a purpose. */
export function isWorthwhile({ kind }: Purpose, steps: readonly Step[]): boolean {
  if (kind === 'deploy') return true;
  return kind === 'recover' ? steps.some(({ recovers }) => recovers === true) : steps.length > 0;
}

/** Whether the system can spare one of its hosts; nothing for a host that it does not run on. */
export function spareChecksOf(
  system: DeclaredSystem,
  host: Host,
  question: SpareQuestion,
): readonly SpareCheck[] {
  if (!system.context.hosts.includes(host)) return [];
  const life = system.playbook.life?.(system.context);
  if (life) return life[question]?.(host) ?? life.okToStop(host);
  return system.health
    .filter(({ members }) => members.includes(host))
    .map((check) => sparedByOthers(check, host));
}

/** A step of a recovery, which leaves configuration files as they are. */
function withoutFiles(declared: Step): Step {
  if (declared.kind !== 'host') return declared;
  return { ...declared, operations: (host) => declared.operations(host).filter(({ places }) => !places) };
}

/** The units that run a system on one of its hosts, in the order of their start. */
function unitsOf(system: DeclaredSystem, host: Host): readonly string[] {
  const units = system.playbook.life?.(system.context).units?.(host);
  return units ?? [...new Set(operationsOn(system, host).flatMap(({ runs }) => runs ?? []))];
}

function leaveSteps(
  system: DeclaredSystem,
  { host, how }: Extract<Purpose, { kind: 'leave' }>,
): readonly Step[] {
  const { playbook, context } = system;
  const life = playbook.life?.(context);
  const stopping =
    how === 'dead'
      ? []
      : [
          ...(life?.drain?.(host) ?? []),
          ...(playbook.servesHost || !context.hosts.includes(host) ? [] : stopSteps(system, host)),
        ];
  return [...stopping, ...(life?.leave?.(host) ?? [])];
}

function stopSteps(system: DeclaredSystem, host: Host): readonly Step[] {
  const units = unitsOf(system, host);
  if (units.length === 0) return [];
  const title = `Stop ${system.playbook.title} on ${host.name}`;
  return [
    step(
      title,
      units.toReversed().map((unit) => stopped(unit)),
      { hosts: [host] },
    ),
  ];
}

function restarts(
  system: DeclaredSystem,
  host: Host,
  youngerThanSeconds: () => number,
): readonly Operation[] {
  return unitsOf(system, host).map((unit) => restarted(unit, youngerThanSeconds));
}

function upgradeSteps(system: DeclaredSystem): readonly Step[] {
  const { playbook, context } = system;
  const hosts = context.hosts.filter((host) => packagesOf(system, host).length > 0);
  if (hosts.length === 0) return [];
  return [
    step(`Fetch the package lists for ${playbook.title}`, listsFetched(), { hosts }),
    ...hosts.flatMap((host) => {
      const packages = packagesOf(system, host);
      const marks = packages.map(installedMark);
      const units = unitsOf(system, host).map((unit) => renewed(unit, marks));
      return rollingSteps(system, host, 'Upgrade', [upgraded(packages), ...units]);
    }),
  ];
}

/** The packages that a system installs on one of its hosts. */
function packagesOf(system: DeclaredSystem, host: Host): readonly string[] {
  return [...new Set(operationsOn(system, host).flatMap(({ installs }) => installs ?? []))];
}

/** All operations of a deployment on one host. */
function operationsOn({ playbook, context }: DeclaredSystem, host: Host): readonly Operation[] {
  return playbook
    .steps(context)
    .flatMap((declared) =>
      declared.kind === 'host' && (declared.hosts ?? context.hosts).includes(host)
        ? declared.operations(host)
        : [],
    );
}

/** Changes a system on one host, after the interlock and until the system is healthy as a whole. */
function rollingSteps(
  system: DeclaredSystem,
  host: Host,
  verb: 'Restart' | 'Upgrade',
  operations: readonly Operation[],
): readonly Step[] {
  if (operations.length === 0) return [];
  const { title } = system.playbook;
  return [
    ...spareChecksOf(system, host, 'okToRestart')
      // A system on one host alone has nothing that could take over: it is interrupted anyway.
      .filter(({ members }) => members.length > 1)
      .map((check) => step(`Check that ${title} can spare ${host.name}`, interlock(host, check))),
    step(`${verb} ${title} on ${host.name}`, operations, { hosts: [host] }),
    ...system.health.map((check) => {
      const of = system.health.length > 1 ? `: ${check.title}` : '';
      return verify(`Wait for ${title} to be healthy${of}`, check);
    }),
  ];
}

/** Refuses where a system needs the host. */
function interlock(host: Host, check: SpareCheck): ClusterOperation {
  return {
    scope: 'cluster',
    title: `the other hosts can spare ${host.name}`,
    members: check.members,
    decidesWithoutUnreachable: true,
    probe: (member) => check.probe(member),
    decide: (answers) => {
      const { verdict, evidence, hint } = check.judge(answers);
      if (verdict === 'spared') return { verdict: 'converged' };
      return {
        verdict: 'refuse',
        reason: `${host.name} cannot be spared: ${evidence}`,
        hint: hint ?? `ask all systems: osha ok-to-stop INVENTORY ${host.name}`,
      };
    },
  };
}
