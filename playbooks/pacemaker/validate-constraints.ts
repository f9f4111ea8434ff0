import { choiceFault, type InventoryProblem, suggestion } from 'osha';
import { clonesHaproxy, namesMeant, resourcesOf, type Cluster } from './clusters.ts';
import { HAPROXY, reference } from './resources.ts';
import type { Constraint, Settings } from './settings.ts';

/** The words of a constraint that stand for things in the cluster, with their places within it. */
function wordsOf(
  constraint: Constraint,
): readonly (readonly [path: readonly (string | number)[], word: string])[] {
  if ('order' in constraint) return constraint.order.map((word, index) => [['order', index], word] as const);
  if ('colocate' in constraint) {
    return [
      [['colocate'], constraint.colocate],
      [['with'], constraint.with],
    ];
  }
  return [[['location'], constraint.location]];
}

/** Words in constraints that mean nothing, or things of different clusters, or one thing twice. */
export function constraintProblems(
  settings: Settings,
  clusters: readonly Cluster[],
): readonly InventoryProblem[] {
  const options = (cluster: Cluster): Parameters<typeof reference>[1] => ({ cluster, clusters, settings });
  const known = clusters.flatMap((cluster) => [
    ...cluster.vips.map(({ name }) => name),
    ...cluster.groups.keys(),
    ...resourcesOf(cluster, settings, clusters),
    ...[...cluster.groups.values()].flatMap((group) => group.services),
    ...(clonesHaproxy(cluster, HAPROXY) ? [HAPROXY] : []),
  ]);
  return settings.constraints.flatMap((constraint, index): readonly InventoryProblem[] => {
    const path = ['pacemaker', 'constraints', index];
    const words = wordsOf(constraint);
    const unknown = words
      .filter(([, word]) => !known.includes(word))
      .map(([at, word]): InventoryProblem => ({
        severity: 'error',
        path: [...path, ...at],
        message: `"${word}" is no virtual IP, group or resource of a cluster`,
        hint: suggestion(word, [...new Set(known)]),
      }));
    const members = [...new Set(clusters.flatMap((cluster) => cluster.hosts))];
    const fault = 'location' in constraint ? choiceFault(constraint.host, members) : undefined;
    const all = [
      ...unknown,
      ...(fault ? [{ severity: 'error' as const, path: [...path, 'host'], ...fault }] : []),
    ];
    if (all.length > 0) return all;
    if (words.length === 2 && words[0]?.[1] === words[1]?.[1]) {
      const message = `${words[0]?.[1] ?? ''} stands on both sides`;
      return [{ severity: 'error', path, message, hint: 'a constraint is between two' }];
    }
    const together = clusters.some(
      (cluster) =>
        words.every(([, word]) => reference(word, options(cluster)) !== '') &&
        (!('location' in constraint) || namesMeant([constraint.host], cluster).length > 0),
    );
    if (together) return [];
    const message = 'it is about things that are in different clusters';
    return [{ severity: 'error', path, message, hint: 'remove it: clusters know nothing of each other' }];
  });
}
