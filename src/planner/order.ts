interface Ordered {
  readonly name: string;
  readonly needs?: readonly string[];
}

/**
 * Sorts playbooks so that each comes after those it needs, and otherwise keeps their order. Ignores needs that are not in
 * `playbooks`. Throws an `Error` that names the cycle, if there is one.
 */
export function inOrder<P extends Ordered>(playbooks: readonly P[]): readonly P[] {
  const byName = new Map(playbooks.map((playbook) => [playbook.name, playbook]));
  const done = new Set<string>();
  const ordered: P[] = [];
  const visit = (playbook: P, path: readonly string[]): void => {
    if (done.has(playbook.name)) return;
    if (path.includes(playbook.name)) {
      throw new Error(`playbooks need each other in a cycle: ${[...path, playbook.name].join(' -> ')}`);
    }
    for (const need of playbook.needs ?? []) {
      const needed = byName.get(need);
      if (needed) visit(needed, [...path, playbook.name]);
    }
    done.add(playbook.name);
    ordered.push(playbook);
  };
  for (const playbook of playbooks) visit(playbook, []);
  return ordered;
}

interface Groupable {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly wave?: string;
}

/** The other members of the wave of `name`. */
export function othersInWave<P extends { readonly name: string }>(
  waves: readonly (readonly P[])[],
  name: string,
): readonly P[] {
  const wave = waves.find((phases) => phases.some((phase) => phase.name === name)) ?? [];
  return wave.filter((phase) => phase.name !== name);
}

/**
 * Splits `ordered` into waves: waves run one at a time, the playbooks of a wave in parallel. A playbook joins the wave before
 * it if they have the same `wave` and it needs none of that wave, not even indirectly through others in `known`.
 */
export function inWaves<P extends Groupable>(
  ordered: readonly P[],
  known: readonly Groupable[],
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
      playbook.wave !== undefined &&
      wave?.every((other) => other.wave === playbook.wave && !needed.has(other.name));
    if (wave && joins) wave.push(playbook);
    else waves.push([playbook]);
  }
  return waves;
}
