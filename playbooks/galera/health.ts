import { type Finding, type HealthCheck, type Host, ofThoseThatAnswered } from 'osha';
import { probesOf, type ClusterOptions, type GaleraObservation } from './cluster/cluster.ts';
import {
  isSynced,
  isUnqueryable,
  isUnreachable,
  membersOf,
  type Member,
  type Reached,
  type Running,
} from './cluster/members.ts';
import { complaintOf } from './cluster/election.ts';
import { arbitratorOf, judgeArbitrator, type Arbitrator } from './arbitrator.ts';

/**
 * Checks that every member is Synced in one Primary component of the size in the inventory, including the arbitrator.
 */
export function healthy(
  hosts: readonly Host[],
  options: Pick<ClusterOptions, 'platform' | 'configFiles' | 'arbitrator'>,
): HealthCheck<GaleraObservation> {
  const { arbitrator, platform } = options;
  return {
    scope: 'health',
    title: 'Galera: every member Synced in one Primary component',
    members: [...hosts, ...(arbitrator ? [arbitrator] : [])],
    probe: probesOf(options),
    judge: (answers) =>
      judgeMembers(
        membersOf(hosts, answers),
        arbitrator && arbitratorOf(arbitrator, platform, answers.get(arbitrator.name)),
      ),
  };
}

/** Returns one finding on each member and on the arbitrator, and two on the cluster as a whole. Pure. */
export function judgeMembers(members: readonly Member[], arbitrator?: Arbitrator): readonly Finding[] {
  const running = members.filter(
    (member): member is Running => member.kind === 'primary' || member.kind === 'nonPrimary',
  );
  const sizes = new Set(running.map(({ server }) => server.size));
  const uuids = new Set(running.map(({ server }) => server.uuid));
  const wanted = members.length + (arbitrator ? 1 : 0);
  const sized = sizes.size === 1 && sizes.has(wanted);
  const votes = Math.max(0, ...running.map(({ server }) => server.arbitrators));
  const reached = members.filter((member) => !isUnreachable(member));
  const partly = ofThoseThatAnswered(reached.length, members.length);
  const stray = votes > (arbitrator ? 1 : 0);
  return [
    {
      subject: 'cluster size',
      healthy: sized,
      evidence: `${[...sizes].join(' and ') || 'none'} of ${wanted}${sizes.size === 0 ? partly : ''}${votes > 0 ? `, including ${votes} without data` : ''}`,
      ...(sized ? {} : { hint: stray ? STRAY : REJOIN }),
    },
    {
      subject: 'cluster state',
      healthy: uuids.size === 1,
      evidence:
        uuids.size === 0
          ? `no cluster runs${partly}`
          : `${uuids.size === 1 ? 'one uuid' : `${uuids.size} uuids`}: ${[...uuids].join(', ')}`,
      ...(uuids.size > 1
        ? {
            hint: 'both sides take writes: save those of one side, stop mariadb there, then run: osha deploy INVENTORY --only galera',
          }
        : {}),
    },
    ...members.map(judgeMember),
    ...(arbitrator ? [judgeArbitrator(arbitrator, votes > 0)] : []),
  ];
}

const REJOIN = 'let the other members join with: osha deploy INVENTORY --only galera';
const STRAY =
  'an arbitrator votes that the inventory does not list: add it (galera.arbitrator), or stop garb on its host';

function judgeMember(member: Member): Finding {
  const base = { subject: 'member', host: member.name };
  if (isUnreachable(member)) return { ...base, healthy: false, evidence: `unreachable: ${member.reason}` };
  if (isUnqueryable(member)) return { ...base, healthy: false, ...complaintOf(member) };
  return { ...base, healthy: isSynced(member) && isConnected(member), evidence: describeState(member) };
}

function isConnected(member: Reached): boolean {
  return member.observed.server?.connected ?? false;
}

function describeState(member: Reached): string {
  const { server, unit, installed } = member.observed;
  if (!installed) return 'not installed';
  if (!server)
    return `the unit is ${unit.active}${member.kind === 'starting' ? '; the server accepts no clients yet' : ''}`;
  if (!server.replicates) return 'runs without replication';
  return [
    server.component,
    server.state,
    server.ready ? 'ready' : 'not ready',
    server.connected ? 'connected' : 'not connected',
  ].join(', ');
}
