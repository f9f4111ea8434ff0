import type { BackupRefusal, RestoreDecision, RestoreRequest, RestoreState } from 'osha';
import { complaintOf } from '../cluster/election.ts';
import { evidenceOf, isPrimary, isSynced, isUnqueryable, isUnreachable } from '../cluster/members.ts';
import { isAnswered, isNewer, seriesOf, type Answered, type Candidate } from './candidates.ts';

/** Room for the logs that are made while the data is prepared. */
const SPARE = 1.1;

/**
 * Whether a restore may begin or continue, on which member, and how far it has come. Every member has to answer: one that is
 * left out could come back with the former data, as a second cluster. Pure.
 */
export function judgeRestore(candidates: readonly Candidate[], request: RestoreRequest): RestoreDecision {
  const members = candidates.map(({ member }) => member);
  const evidence = evidenceOf(members);
  const refuse = (reason: string, hint: string): BackupRefusal => ({
    verdict: 'refuse',
    reason,
    hint,
    evidence,
  });
  const missing = members.filter(isUnreachable);
  if (missing.length > 0) {
    return refuse(
      `${missing.map(({ name, reason }) => `${name} cannot be reached (${reason})`).join('; ')}: it would come back with the former data`,
      'bring it back, or remove it from the inventory if it is off for good',
    );
  }
  const complaints = members.filter(isUnqueryable).map(complaintOf);
  const [complaint] = complaints;
  if (complaint) return refuse(complaints.map((one) => one.evidence).join('; '), complaint.hint);
  const reached = candidates.filter(isAnswered);
  const moving = reached.filter(({ member }) => member.kind === 'starting');
  if (moving.length > 0) {
    return {
      ...refuse(`mariadb is starting or stopping on ${namesOf(moving)}`, 'run again when it has settled'),
      passes: true,
    };
  }
  const primaries = members.filter(isPrimary);
  if (new Set(primaries.map(({ server }) => server.uuid)).size > 1) {
    return refuse('the members are in several clusters', 'see what runs: osha status INVENTORY');
  }
  const bare = reached.filter(({ facts }) => !facts.installed || !facts.hasTools);
  if (bare.length > 0) {
    return refuse(
      `${namesOf(bare)} ${bare.length === 1 ? 'lacks' : 'lack'} MariaDB or mariabackup`,
      'install them with: osha deploy INVENTORY --only galera',
    );
  }
  const fixed = reached.filter(({ facts }) => facts.fixed !== undefined || facts.moved !== undefined);
  if (fixed.length > 0) {
    const what = fixed.map(({ member, facts }) => `${facts.directory} on ${member.name} ${whyFixed(facts)}`);
    return refuse(
      `the former data cannot be moved aside: ${what.join('; ')}`,
      'set datadir to a folder that can be renamed, and keep all files of the server in it',
    );
  }
  const strange = reached.find(({ facts }) => seriesOf(facts.version) !== seriesOf(request.version));
  if (strange) {
    const { member, facts } = strange;
    const how = isNewer(request.version, facts.version) ? 'newer' : 'older';
    return refuse(
      `the backup is of MariaDB ${request.version}, which is ${how} than ${facts.version} on ${member.name}`,
      `restore it with MariaDB ${seriesOf(request.version)}, then upgrade`,
    );
  }
  const target = targetOf(reached, request);
  if (!target) return refuse('the inventory has no member of the database', 'give hosts the role database');
  const state = stateOf(target, reached, request);
  const replaced =
    state === 'formed'
      ? []
      : reached.filter(({ facts }) => facts.placed !== request.id && facts.databases.length > 0);
  const replaces = replaced.map(({ member, facts }) => `${facts.databases.join(', ')} on ${member.name}`);
  if (replaces.length > 0 && !request.replace) {
    return refuse(
      `the members have data: ${replaces.join('; ')}`,
      'to move it aside and restore the backup in its place: --replace',
    );
  }
  const needed = request.dataBytes * SPARE;
  if (state === 'nothing' && target.facts.roomBytes < needed) {
    return refuse(
      `${target.member.name} has too little room next to ${target.facts.directory}: ${megabytes(target.facts.roomBytes)} MB, and the backup needs ${megabytes(needed)} MB`,
      'make room there, or remove data that an earlier restore moved aside',
    );
  }
  return { verdict: 'restore', member: target.member.name, state, replaces, evidence };
}

/** The member that an earlier attempt began with, else the one with the most room, else the first of the inventory. */
function targetOf(reached: readonly Answered[], { id }: RestoreRequest): Answered | undefined {
  const [first, ...others] = reached;
  return (
    reached.find(({ facts }) => facts.placed === id) ??
    reached.find(({ facts }) => facts.prepared === id) ??
    (first && others.reduce((best, one) => (one.facts.roomBytes > best.facts.roomBytes ? one : best), first))
  );
}

function stateOf(target: Answered, reached: readonly Answered[], { id }: RestoreRequest): RestoreState {
  const { member, facts } = target;
  if (facts.placed === id) {
    if (isSynced(member)) return 'formed';
    const isAlone = reached.every((one) => one === target || one.member.kind === 'stopped');
    return isAlone && reached.every((one) => one === target || one.facts.data !== 'present')
      ? 'placed'
      : 'prepared';
  }
  return facts.prepared === id ? 'prepared' : 'nothing';
}

function whyFixed({ fixed, moved }: Answered['facts']): string {
  if (moved !== undefined) return `would be ${moved} after a restart`;
  return fixed === 'mounted' ? 'is a mount point' : 'is not the only folder with data';
}

function namesOf(candidates: readonly Candidate[]): string {
  return candidates.map(({ member }) => member.name).join(', ');
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
