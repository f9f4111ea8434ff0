import type { Draft } from './draft.ts';
import type { InventoryProblem } from './problem.ts';
import type { Role } from './types.ts';

/** Roles whose hosts form a cluster that needs a majority. */
const VOTING = ['database', 'messaging', 'coordination'] as const satisfies readonly Role[];

type Voting = (typeof VOTING)[number];

/** What happens with two hosts. */
const WITH_TWO: Readonly<Record<Voting, string>> = {
  database:
    'two hosts for database: when either of them dies, or they lose contact, the database stops answering until you decide which one continues',
  messaging:
    'two hosts for messaging: when they lose contact, both keep running (autoheal), and afterwards one of them discards the messages that it accepted meanwhile',
  coordination: 'two hosts for coordination: when either of them dies, etcd stops answering until it is back',
};

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/**
 * Warnings for clusters that cannot survive the loss of a host, or have one host too many for their redundancy. Roles
 * in `extraVotes` have one vote more than hosts, so that an even number of hosts has an odd number of votes.
 */
export function quorumProblems(draft: Draft, extraVotes: readonly Role[]): readonly InventoryProblem[] {
  const warning = { severity: 'warning', path: ['hosts'], at: 'key' } as const;
  const counts = VOTING.map((role) => ({ role, count: hostsOf(draft, role).length }));
  const alone = counts.filter(({ count }) => count === 1).map(({ role }) => role);
  const lonely: readonly InventoryProblem[] =
    alone.length === 0
      ? []
      : [
          {
            ...warning,
            message: `only one host for ${listed(alone)}: nothing takes over when it fails`,
            hint: 'give the role to three hosts',
          },
        ];
  const even = counts
    .filter(({ count }) => count > 0 && count % 2 === 0)
    .filter(({ role }) => !extraVotes.includes(role))
    .map(({ role, count }): InventoryProblem => ({
      ...warning,
      message: count === 2 ? WITH_TWO[role] : beyondTwo(role, count),
      hint: wayOut(draft, role, count),
    }));
  return [...lonely, ...even];
}

function hostsOf(draft: Draft, role: Role): Draft['hosts'] {
  return draft.hosts.filter((host) => host.roles.includes(role));
}

function beyondTwo(role: Voting, count: number): string {
  return `an even number of hosts (${count}) for ${role}: half of them is not a majority, so it survives the loss of ${count / 2 - 1}, as ${count - 1} hosts would`;
}

function wayOut(draft: Draft, role: Voting, count: number): string {
  const more = count === 2 ? 'give the role to a third host' : `use ${count + 1}, or ${count - 1}`;
  if (role !== 'database') return more;
  const other = draft.hosts.find((host) => !host.roles.includes('database'))?.name ?? 'HOST';
  const where = other === 'HOST' ? ' on a host of its own' : '';
  return `${more}; or an arbitrator${where} avoids it: galera: { arbitrator: ${other} }`;
}
