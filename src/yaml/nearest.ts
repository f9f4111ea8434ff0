/** Edits that turn `a` into `b`: insert, delete, replace, or swap two neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

const LONGEST_COMPARED = 64;

/**
 * The choice that `written` is most likely a misspelling of; `undefined` where none is near. Near means: at most a third of
 * its letters differ (at least one may), or one is the beginning of the other. Case, `-` and `_` are ignored.
 */
export function nearest(written: string, choices: readonly string[]): string | undefined {
  if (written.length > LONGEST_COMPARED) return undefined;
  const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/g, '');
  const wanted = plain(written);
  if (wanted === '') return undefined;
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const ranked = choices
    .map((choice) => ({ choice, distance: editDistance(wanted, plain(choice)) }))
    .filter(({ distance, choice }) => distance <= allowed && distance < choice.length)
    .sort((a, b) => a.distance - b.distance);
  if (ranked[0] !== undefined) return ranked[0].choice;
  const begun = choices.filter((choice) => {
    const shorter = Math.min(wanted.length, choice.length);
    return shorter >= 2 && (plain(choice).startsWith(wanted) || wanted.startsWith(plain(choice)));
  });
  return begun.length === 1 ? begun[0] : undefined;
}

/** "did you mean X?" where a choice is near, else all choices. */
export function suggestion(written: string, choices: readonly string[]): string {
  const near = nearest(written, choices);
  if (near !== undefined) return `did you mean "${near}"?`;
  return choices.length === 0 ? 'remove it' : `write one of ${choices.join(', ')}`;
}
