import type { Host } from '../inventory/types.ts';
import type { Spare, SpareCheck } from '../playbook/life.ts';
import { answersOf, askConnected, expectProbes, type AskOptions } from './answers.ts';

/** A check and the system it belongs to. */
export interface NamedSpareCheck {
  /** The phase's name. */
  readonly system: string;
  readonly title: string;
  readonly check: SpareCheck;
}

export interface SystemSpare extends Spare {
  readonly system: string;
  readonly title: string;
}

/** Asks all systems at once whether they can spare a host, in one round trip per host. Reads only. */
export function observeSpares(
  checks: readonly NamedSpareCheck[],
  options: AskOptions,
): Promise<readonly SystemSpare[]> {
  const members = checks.flatMap(({ check }) => check.members);
  const hosts: readonly Host[] = [...new Map(members.map((host) => [host.name, host])).values()];
  return askConnected(hosts, options, async (respondents) => {
    options.signal.throwIfAborted();
    expectProbes(
      respondents,
      hosts,
      checks.map(({ check }) => check),
    );
    const spares: SystemSpare[] = [];
    for (const { system, title, check } of checks) {
      const answers = await answersOf(respondents, check, { again: false });
      spares.push({ system, title, ...check.judge(answers) });
    }
    return spares;
  });
}

/** Why a host cannot be spared, with the evidence of each system; `undefined` where it can. */
export function whyNeeded(systems: readonly SystemSpare[]): string | undefined {
  const against = systems.filter(({ verdict }) => verdict !== 'spared');
  if (against.length === 0) return undefined;
  return against.map(({ title, evidence }) => `${title}: ${evidence}`).join('; ');
}
