import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Finding, HealthCheck } from '../../playbook/operation.ts';
import { configFilesOf } from './cluster.ts';
import { isSynced, isUnreachable, membersOf, type Member, type Reached, type Running } from './members.ts';
import { observeMember, type MemberObservation } from './observe.ts';

/** Every member is Synced in one Primary component of the size that the inventory says. */
export function healthy(
  hosts: readonly Host[],
  options: { readonly platform: Platform; readonly configFiles?: readonly string[] },
): HealthCheck<MemberObservation> {
  const probe = observeMember(options.platform, configFilesOf(options));
  return {
    scope: 'health',
    title: 'Galera: every member Synced in one Primary component',
    members: hosts,
    probe: () => probe,
    judge: (answers) => judgeMembers(membersOf(hosts, answers)),
  };
}

/** One finding on each member, and two on the cluster as a whole. Pure. */
export function judgeMembers(members: readonly Member[]): readonly Finding[] {
  const running = members.filter(
    (member): member is Running => member.kind === 'primary' || member.kind === 'nonPrimary',
  );
  const sizes = new Set(running.map(({ server }) => server.size));
  const uuids = new Set(running.map(({ server }) => server.uuid));
  const sized = sizes.size === 1 && sizes.has(members.length);
  return [
    {
      subject: 'cluster size',
      healthy: sized,
      evidence: `${[...sizes].join(' and ') || 'none'} of ${members.length}`,
      ...(sized ? {} : { hint: 'osha deploy INVENTORY --only galera lets members join that are not in it' }),
    },
    {
      subject: 'cluster state',
      healthy: uuids.size === 1,
      evidence:
        uuids.size === 0
          ? 'no cluster runs'
          : `${uuids.size === 1 ? 'one' : String(uuids.size)} uuid: ${[...uuids].join(', ')}`,
      ...(uuids.size > 1
        ? { hint: 'members take writes apart from each other; osha recover INVENTORY galera' }
        : {}),
    },
    ...members.map(judgeMember),
  ];
}

function judgeMember(member: Member): Finding {
  const base = { subject: 'member', host: member.name };
  if (isUnreachable(member)) return { ...base, healthy: false, evidence: `unreachable: ${member.reason}` };
  return { ...base, healthy: isSynced(member) && isConnected(member), evidence: wordsOf(member) };
}

function isConnected(member: Reached): boolean {
  return member.observed.server?.connected ?? false;
}

function wordsOf(member: Reached): string {
  const { server, unit, installed } = member.observed;
  if (!installed) return 'not installed';
  if (!server)
    return `the unit is ${unit.active}${unit.active === 'active' ? ', and the server does not answer' : ''}`;
  if (!server.replicates) return 'runs without replication';
  return [
    server.component,
    server.state,
    server.ready ? 'ready' : 'not ready',
    server.connected ? 'connected' : 'not connected',
  ].join(', ');
}
