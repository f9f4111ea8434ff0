import { describe, expect, it } from 'vitest';
import { draftOf } from '../../src/inventory/draft.ts';
import { quorumProblems } from '../../src/inventory/quorum.ts';
import type { Role } from '../../src/inventory/types.ts';

type Roles = Readonly<Record<string, readonly string[]>>;

function told(roles: Roles, extraVotes: readonly Role[] = []): readonly string[] {
  const hosts = Object.entries(roles).map(([name, of], index) => [
    name,
    { address: `10.0.0.${index + 1}`, roles: of },
  ]);
  const draft = draftOf({ hosts: Object.fromEntries(hosts) as unknown });
  return quorumProblems(draft, extraVotes).map(({ message, hint }) => `${message}; ${hint ?? ''}`);
}

const TWO: Roles = { c1: ['database'], c2: ['database'], web: ['dashboard'] };
const FOUR: Roles = { a: ['messaging'], b: ['messaging'], c: ['messaging'], d: ['messaging'] };

describe('a cluster that needs a majority', () => {
  it('of two databases names the host that could hold an arbitrator', () => {
    expect(told(TWO)).toEqual([
      expect.stringMatching(
        /the database stops answering until you decide.*or an arbitrator avoids it: galera: \{ arbitrator: web \}$/,
      ) as string,
    ]);
  });

  const quiet: readonly (readonly [string, Roles, readonly Role[]])[] = [
    ['of two databases and an arbitrator is no even number', TWO, ['database']],
    ['of three is right', { a: ['messaging'], b: ['messaging'], c: ['messaging'] }, []],
    ['that there is none of needs nothing', { web: ['dashboard'] }, []],
  ];
  it.each(quiet)('%s', (_name, roles, extraVotes) => {
    expect(told(roles, extraVotes)).toEqual([]);
  });

  it('is warned that an arbitrator of the database gives the broker no vote', () => {
    const both = { c1: ['database', 'messaging'], c2: ['database', 'messaging'], web: ['dashboard'] };
    expect(told(both, ['database'])).toEqual([
      expect.stringMatching(/two hosts for messaging.*autoheal.*discards the messages/) as string,
    ]);
  });

  it('of four survives no more losses than one of three', () => {
    expect(told(FOUR)).toEqual([
      'an even number of hosts (4) for messaging: half of them is not a majority, so it survives the loss of 1, as 3 hosts would; use 5, or 3',
    ]);
  });

  it('of one host is reported once for all of its roles', () => {
    expect(told({ only: ['database', 'messaging'] })).toEqual([
      'only one host for database and messaging: nothing takes over when it fails; give the role to three hosts',
    ]);
  });
});
