import type { BackupChoice, BackupRefusal } from 'osha';
import { complaintOf, names } from '../cluster/election.ts';
import { isPrimary, isSynced, isUnqueryable } from '../cluster/members.ts';
import { clientsOf, isAnswered, type Answered, type Candidate } from './candidates.ts';

/**
 * The member to back up: one that is Synced, while another one that is Synced serves clients; of those the one with the fewest
 * clients, then the last of the inventory, because HAProxy uses the first. Pure.
 */
export function chooseMember(candidates: readonly Candidate[], from?: string): BackupChoice {
  const evidence = clientsOf(candidates);
  const refuse = (reason: string, hint: string): BackupRefusal => ({
    verdict: 'refuse',
    reason,
    hint,
    evidence,
  });
  const members = candidates.map(({ member }) => member);
  const unqueryable = members.filter(isUnqueryable).map(complaintOf);
  const [complaint] = unqueryable;
  if (complaint) return refuse(unqueryable.map((one) => one.evidence).join('; '), complaint.hint);
  const primaries = members.filter(isPrimary);
  if (primaries.length === 0) {
    return refuse(
      'no member is in a Primary component',
      'start the cluster first: osha recover INVENTORY galera',
    );
  }
  const clusters = new Set(primaries.map(({ server }) => server.uuid));
  if (clusters.size > 1 || primaries.some(({ server }) => server.size < primaries.length)) {
    return refuse(
      `${names(primaries)} are Primary, but not in one component`,
      'see both sides: osha status INVENTORY',
    );
  }
  const synced = candidates.filter(isAnswered).filter(({ member }) => isSynced(member));
  if (synced.length === 0) {
    return refuse('no member is Synced', 'let the members join first: osha recover INVENTORY galera');
  }
  const isAlone = candidates.length === 1;
  if (synced.length === 1 && !isAlone) {
    return refuse(
      `only ${names(synced.map(({ member }) => member))} is Synced: while it is backed up, no member would serve clients`,
      'let the other members join first: osha recover INVENTORY galera',
    );
  }
  if (from !== undefined && !synced.some(({ member }) => member.name === from)) {
    return refuse(
      `${from} is not a Synced member`,
      `choose one of ${names(synced.map(({ member }) => member))}: osha backup INVENTORY --from HOST`,
    );
  }
  const chosen =
    from === undefined ? fewestClients(synced) : synced.find(({ member }) => member.name === from);
  if (!chosen) throw new Error('a member was Synced just now');
  const { member, facts } = chosen;
  if (!facts.hasTools) {
    return refuse(
      `${member.name} has no mariabackup`,
      'install it with: osha deploy INVENTORY --only galera',
    );
  }
  const clients = facts.clients < 0 ? 'an unknown number of clients' : counted(facts.clients);
  return {
    verdict: 'use',
    member: member.name,
    why: from === undefined ? `it has the fewest: ${clients}` : `it was chosen, and has ${clients}`,
    ...(isAlone
      ? { warning: `${member.name} is the only member: clients wait until its backup is complete` }
      : facts.clients > 0
        ? { warning: `${clients} of ${member.name} will have to connect again, to another member` }
        : {}),
    evidence,
  };
}

function fewestClients(candidates: readonly Answered[]): Answered | undefined {
  const number = ({ facts }: Answered): number => (facts.clients < 0 ? Infinity : facts.clients);
  const [last, ...others] = [...candidates].reverse();
  return last && others.reduce((best, one) => (number(one) < number(best) ? one : best), last);
}

function counted(clients: number): string {
  return clients === 1 ? '1 client' : `${clients} clients`;
}
