interface Placed {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly sideBySide?: string;
}

/** The others of the wave that `name` is in; none for one that runs by itself. */
export function beside<P extends { readonly name: string }>(
  waves: readonly (readonly P[])[],
  name: string,
): readonly P[] {
  const wave = waves.find((phases) => phases.some((phase) => phase.name === name)) ?? [];
  return wave.filter((phase) => phase.name !== name);
}

/**
 * `ordered` cut into waves, which run one after another; the playbooks of one wave run at the same time. A playbook joins
 * the wave of the one before it when both have the same `sideBySide`, and it needs nobody in that wave, not even by way
 * of others among `known`. Otherwise it begins a wave of its own.
 */
export function inWaves<P extends Placed>(
  ordered: readonly P[],
  known: readonly Placed[],
): readonly (readonly P[])[] {
  const needs = new Map(known.map((playbook) => [playbook.name, playbook.needs ?? []]));
  const allNeeds = (name: string, found = new Set<string>()): ReadonlySet<string> => {
    for (const need of needs.get(name) ?? []) {
      if (found.has(need)) continue;
      found.add(need);
      allNeeds(need, found);
    }
    return found;
  };
  const waves: P[][] = [];
  for (const playbook of ordered) {
    const wave = waves.at(-1);
    const needed = allNeeds(playbook.name);
    const joins =
      playbook.sideBySide !== undefined &&
      wave?.every((other) => other.sideBySide === playbook.sideBySide && !needed.has(other.name));
    if (wave && joins) wave.push(playbook);
    else waves.push([playbook]);
  }
  return waves;
}
