import type { Draft } from './draft.ts';
import type { InventoryProblem } from './problem.ts';
import type { Role } from './types.ts';

/** Roles whose hosts form a cluster that lives by majority. */
const VOTING: readonly Role[] = ['database', 'messaging', 'coordination'];

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** Clusters that cannot outlive a host, or need one host more than the same safety takes. Warnings only. */
export function quorumProblems(draft: Draft): readonly InventoryProblem[] {
  const byCount = new Map<number, Role[]>();
  for (const role of VOTING) {
    const count = draft.hosts.filter((host) => host.roles.includes(role)).length;
    byCount.set(count, [...(byCount.get(count) ?? []), role]);
  }
  return [...byCount].flatMap(([count, roles]): readonly InventoryProblem[] => {
    const warning = { severity: 'warning', path: ['hosts'], at: 'key' } as const;
    if (count === 1) {
      const message = `only one host for ${listed(roles)}: nothing takes over when it fails`;
      return [{ ...warning, message, hint: 'give the role to three hosts' }];
    }
    if (count === 0 || count % 2 === 1) return [];
    const message = `an even number of hosts (${count}) for ${listed(roles)}: half of them is no majority`;
    return [{ ...warning, message, hint: `use ${count + 1}, or ${count - 1}` }];
  });
}
