import { type Finding, type HealthCheck, type Host, ofThoseThatAnswered } from 'osha';
import { arbitratorOf, judgeArbitrator, type Arbitrator } from './cluster/arbitrator.ts';
import { probesOf, type ClusterOptions, type GaleraObservation } from './cluster/cluster.ts';
import {
  isSynced,
  isUnaskable,
  isUnreachable,
  membersOf,
  type Member,
  type Reached,
  type Running,
} from './cluster/members.ts';
import { complaintOf } from './cluster/unaskable.ts';

/** Every member is Synced in one Primary component of the size that the inventory says, its arbitrator included. */
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

/** One finding on each member and on the arbitrator, and two on the cluster as a whole. Pure. */
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
      evidence: `${[...sizes].join(' and ') || 'none'} of ${wanted}${sizes.size === 0 ? partly : ''}${votes > 0 ? `, ${votes} of them without data` : ''}`,
      ...(sized ? {} : { hint: stray ? STRAY : REJOIN }),
    },
    {
      subject: 'cluster state',
      healthy: uuids.size === 1,
      evidence:
        uuids.size === 0
          ? `no cluster runs${partly}`
          : `${uuids.size === 1 ? 'one' : String(uuids.size)} uuid: ${[...uuids].join(', ')}`,
      ...(uuids.size > 1
        ? {
            hint: 'members take writes apart from each other: save those of one side, stop mariadb there, then osha deploy INVENTORY --only galera',
          }
        : {}),
    },
    ...members.map(judgeMember),
    ...(arbitrator ? [judgeArbitrator(arbitrator, votes > 0)] : []),
  ];
}

const REJOIN = 'to let the other members join: osha deploy INVENTORY --only galera';
const STRAY =
  'an arbitrator votes that the inventory does not name: name it (galera.arbitrator), or stop garb on its host';

function judgeMember(member: Member): Finding {
  const base = { subject: 'member', host: member.name };
  if (isUnreachable(member)) return { ...base, healthy: false, evidence: `unreachable: ${member.reason}` };
  if (isUnaskable(member)) return { ...base, healthy: false, ...complaintOf(member) };
  return { ...base, healthy: isSynced(member) && isConnected(member), evidence: wordsOf(member) };
}

function isConnected(member: Reached): boolean {
  return member.observed.server?.connected ?? false;
}

function wordsOf(member: Reached): string {
  const { server, unit, installed } = member.observed;
  if (!installed) return 'not installed';
  if (!server)
    return `the unit is ${unit.active}${member.kind === 'starting' ? ', and the server takes no clients yet' : ''}`;
  if (!server.replicates) return 'runs without replication';
  return [
    server.component,
    server.state,
    server.ready ? 'ready' : 'not ready',
    server.connected ? 'connected' : 'not connected',
  ].join(', ');
}
