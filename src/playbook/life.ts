import type { Host } from '../inventory/types.ts';
import type { Answers, Finding, HealthCheck, Probe } from './operation.ts';
import type { Step } from './step.ts';

/** How a system lives while its hosts come and go. */
export interface Life {
  /** Whether the system can spare `host`, one of its hosts, now. Several checks where it consists of several clusters. */
  okToStop(host: Host): readonly SpareCheck[];
  /** Whether work can be moved away from `host` now; default: `okToStop`. For systems that a drain empties first. */
  okToDrain?(host: Host): readonly SpareCheck[];
  /** Whether `host` can leave the system for good now; default: `okToStop`. */
  okToLeave?(host: Host): readonly SpareCheck[];
  /** Whether the units of the system can restart on `host` now; default: `okToStop`. */
  okToRestart?(host: Host): readonly SpareCheck[];
  /**
   * Moves work away from `host`, and takes no new work there. Repeatable. Default: nothing has to move. The host is
   * any of the inventory, because others may send work there.
   */
  drain?(host: Host): readonly Step[];
  /** Takes work on `host` again. Repeatable. */
  undrain?(host: Host): readonly Step[];
  /** Removes what the system remembers of `host`, which has stopped for good, on other hosts. Repeatable. Default: nothing. */
  leave?(host: Host): readonly Step[];
  /** Why `host` cannot leave the system; `undefined` if it can, which is the default. */
  whyKept?(host: Host): string | undefined;
  /** The units that run the system on `host`, in the order of their start. Default: those that its steps run there. */
  units?(host: Host): readonly string[];
}

/** Whether a system keeps its quorum, its data and its service while a host is stopped. */
export interface SpareCheck<Observed = unknown> {
  /** The hosts to ask, the host in question included if it can answer. */
  readonly members: readonly Host[];
  probe(member: Host): Probe<Observed>;
  /** Pure. A member that may serve, or whose state is not known, never counts as one that remains. */
  judge(answers: Answers<Observed>): Spare;
}

/** Declares a check, and infers the type of its observations. */
export function spareCheck<Observed>(check: SpareCheck<Observed>): SpareCheck {
  return check;
}

export interface Spare {
  /** `unknown` if nothing that answered could tell: the host then has to keep running. */
  readonly verdict: 'spared' | 'needed' | 'unknown';
  /** What remains without the host, in the system's own words: "2 of 3 votes remain: controller2, controller3". */
  readonly evidence: string;
  /** What would make the host dispensable. */
  readonly hint?: string | undefined;
}

/**
 * The rule for systems without a quorum: another host has to be healthy. One that a cluster manager runs on one host at a
 * time is spared where the check of the whole is healthy: the cluster manager decides whether it can move.
 */
export function sparedByOthers(check: HealthCheck, host: Host): SpareCheck {
  return {
    members: check.members,
    probe: (member) => check.probe(member),
    judge: (answers) => judgeOthers(check, host.name, answers),
  };
}

function judgeOthers(check: HealthCheck, host: string, answers: Answers): Spare {
  const others = check.members.map(({ name }) => name).filter((name) => name !== host);
  if (others.length === 0) return { verdict: 'needed', evidence: `it runs on ${host} alone` };
  const findings = check.judge(answers);
  const of = (name: string): readonly Finding[] => findings.filter((finding) => finding.host === name);
  const healthy = others.filter(
    (name) => answers.get(name)?.reachable && of(name).length > 0 && of(name).every((one) => one.healthy),
  );
  if (healthy.length > 0) return { verdict: 'spared', evidence: `healthy on ${healthy.join(', ')}` };
  const whole = findings.filter((finding) => finding.host === undefined);
  if (others.every((name) => of(name).length === 0) && whole.length > 0) {
    const sick = whole.find((finding) => !finding.healthy);
    if (!sick) return { verdict: 'spared', evidence: whole.map(({ evidence }) => evidence).join('; ') };
    return { verdict: sick.unknown ? 'unknown' : 'needed', evidence: sick.evidence, hint: sick.hint };
  }
  const said = others.map((name) => {
    const answer = answers.get(name);
    if (answer?.reachable === false) return `${name}: ${answer.reason}`;
    const sick = of(name).find((finding) => !finding.healthy);
    return `${name}: ${sick?.evidence ?? 'no answer'}`;
  });
  return { verdict: 'needed', evidence: `healthy on no other host (${said.join('; ')})` };
}
