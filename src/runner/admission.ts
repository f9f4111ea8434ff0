import type { Host } from '../inventory/types.ts';
import type { Answers, Probe } from '../playbook/operation.ts';
import type { RunContext } from './context.ts';
import { answersOf } from './wait.ts';

/** Why a run must not begin. */
export interface Refused {
  readonly reason: string;
  readonly hint?: string | undefined;
}

/** What decides, before the first change, whether a run may change anything. */
export interface Admission<Observed = unknown> {
  /** Asked as far as the run connects to them. */
  readonly members: readonly Host[];
  /** Those of them that the run has to connect to, also where it changes nothing on them. */
  readonly required: readonly Host[];
  probe(member: Host): Probe<Observed>;
  /** Pure. `undefined`: go ahead. */
  judge(answers: Answers<Observed>): Refused | undefined;
  /** What has to be done on this machine before the first change, under the hosts' locks. Never called by a dry run. */
  settle(): Promise<Refused | undefined>;
}

/** Asks an admission. A run that reaches no host is admitted: it changes nothing. */
export async function admit(
  context: RunContext,
  admission: Admission,
  involved: readonly Host[],
): Promise<Refused | undefined> {
  if (context.present(context.plan.hosts).length === 0) return undefined;
  const members = admission.members.filter(({ name }) => involved.some((host) => host.name === name));
  let refused: Refused | undefined;
  try {
    const answers = await answersOf(
      context,
      { members, probe: (member) => admission.probe(member) },
      { again: false },
    );
    refused = admission.judge(answers);
  } catch (error) {
    if (!context.interrupted) throw error;
  }
  if (refused || context.interrupted || context.settings.mode === 'diff') return refused;
  return admission.settle();
}
