import type { BackupObservation, Candidate } from '../../../../playbooks/galera/backup/candidates.ts';
import { membersThat, observationOf, type Said } from '../cluster/observations.ts';

/** What a member says of itself, and of backups. */
export type Told = readonly [said: Said, facts?: Partial<BackupObservation>];

/** The members c1, c2, ... with these observations. */
export function candidatesThat(...all: readonly Told[]): readonly Candidate[] {
  const members = membersThat(...all.map(([said]) => said));
  return members.map((member, index) => {
    const [said = '', facts = {}] = all[index] ?? [];
    if (typeof said === 'string') return { member };
    return {
      member,
      facts: {
        ...observationOf(said),
        hasTools: true,
        version: '10.11.11',
        clients: 0,
        prepared: '',
        placed: '',
        roomBytes: 10e9,
        ...facts,
      },
    };
  });
}
