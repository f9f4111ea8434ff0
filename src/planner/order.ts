interface Ordered {
  readonly name: string;
  readonly needs?: readonly string[];
}

/**
 * `playbooks` so that each stands behind everything it needs, and otherwise in the order they were given. What needs a
 * playbook that is not among them is not held up by it. Throws an `Error` that names the circle, if there is one.
 */
export function inOrder<P extends Ordered>(playbooks: readonly P[]): readonly P[] {
  const byName = new Map(playbooks.map((playbook) => [playbook.name, playbook]));
  const done = new Set<string>();
  const ordered: P[] = [];
  const visit = (playbook: P, path: readonly string[]): void => {
    if (done.has(playbook.name)) return;
    if (path.includes(playbook.name)) {
      throw new Error(`playbooks need each other in a circle: ${[...path, playbook.name].join(' -> ')}`);
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
