import type { Host } from '../inventory/types.ts';
import type { Answers, Probe } from '../playbook/operation.ts';
import { answersOf, Respondents } from './answers.ts';
import type { PlanRun } from './plan-run.ts';

/** Why a run must not begin. */
export interface Refused {
  readonly reason: string;
  readonly hint?: string | undefined;
}

/** Decides, before the first change, whether a run may change anything. */
export interface Admission<Observed = unknown> {
  /** Asked as far as the run connects to them. */
  readonly members: readonly Host[];
  /** Those of them that the run has to connect to, also where it changes nothing on them. */
  readonly required: readonly Host[];
  probe(member: Host): Probe<Observed>;
  /** Pure. `undefined`: admitted. */
  judge(answers: Answers<Observed>): Refused | undefined;
  /** Prepares this machine before the first change, under the hosts' locks. Never called by a dry run. */
  settle(): Promise<Refused | undefined>;
}

/** Asks an admission. A run that reaches no host is admitted: it changes nothing. */
export async function admit(
  run: PlanRun,
  admission: Admission,
  involved: readonly Host[],
): Promise<Refused | undefined> {
  if (run.present(run.plan.hosts).length === 0) return undefined;
  const members = admission.members.filter(({ name }) => involved.some((host) => host.name === name));
  let refused: Refused | undefined;
  try {
    const respondents = new Respondents(members, run.connections, run.settings);
    const probe = (member: Host): Probe => admission.probe(member);
    refused = admission.judge(await answersOf(respondents, { members, probe }, { again: false }));
  } catch (error) {
    if (!run.isInterrupted) throw error;
  }
  if (refused || run.isInterrupted || run.settings.mode === 'diff') return refused;
  return admission.settle();
}
