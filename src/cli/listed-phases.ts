import type { Playbook } from '../playbook/playbook.ts';
import { othersInWave, inWaves } from '../planner/order.ts';

/** A phase as `osha phases` tells it. */
export interface ListedPhase {
  readonly phase: string;
  readonly title: string;
  readonly needs: readonly string[];
  /** Phases that it runs beside, where the inventory has them all. */
  readonly sideBySideWith: readonly string[];
  /** It only runs when it is named. */
  readonly manual: boolean;
}

/** Playbooks, in deployment order, as `osha phases` lists them. Pure. */
export function listedPhases(playbooks: readonly Playbook[]): readonly ListedPhase[] {
  const waves = inWaves(
    playbooks.filter((playbook) => !playbook.manual),
    playbooks,
  );
  return playbooks.map(({ name, title, needs = [], manual = false }) => ({
    phase: name,
    title,
    needs,
    sideBySideWith: othersInWave(waves, name).map((other) => other.name),
    manual,
  }));
}

/** How it runs, where that is not simply one after another. */
export function inWords({ manual, sideBySideWith }: ListedPhase): string {
  if (manual) return 'only when named';
  return sideBySideWith.length > 0 ? `in parallel with ${sideBySideWith.join(', ')}` : '';
}
