import { type Host, type Life, type Spare, spareCheck } from 'osha';
import { probesOf, type ClusterOptions } from './cluster/cluster.ts';
import { HEALTH_UNIT } from './files/health-endpoint.ts';
import { isPrimary, isSynced, isUnreachable, membersOf, type Member } from './cluster/members.ts';

/** How the cluster lives while its hosts come and go. `hosts` are the members with data. */
export function life(
  hosts: readonly Host[],
  options: Pick<ClusterOptions, 'platform' | 'configFiles' | 'arbitrator'>,
): Life {
  const { arbitrator, platform } = options;
  const { units } = platform;
  return {
    okToStop: (host) => [
      spareCheck({
        members: [...hosts, ...(arbitrator && !hosts.includes(arbitrator) ? [arbitrator] : [])],
        probe: probesOf(options),
        judge: (answers) =>
          judgeSpare(host.name, membersOf(hosts, answers), { arbitrates: host === arbitrator }),
      }),
    ],
    units: (host) => [
      ...(hosts.includes(host) ? [units.mariadb, HEALTH_UNIT] : []),
      ...(host === arbitrator ? [units.arbitrator] : []),
    ],
  };
}

/**
 * Whether the cluster keeps a Synced member and the majority of the component's votes without a host, even if the host goes
 * down ungracefully. A graceful stop alone would need no majority, but the next loss would then stop the cluster. Pure.
 */
export function judgeSpare(
  host: string,
  members: readonly Member[],
  { arbitrates = false }: { readonly arbitrates?: boolean } = {},
): Spare {
  const primaries = members.filter(isPrimary);
  if (primaries.length === 0) {
    const evidence = 'no member is in a Primary component';
    if (members.some(isUnreachable))
      return { verdict: 'unknown', evidence: `${evidence}, of those that answered` };
    return {
      verdict: 'needed',
      evidence: `${evidence}: the data of ${host} may be the newest`,
      hint: 'start the cluster first: osha deploy INVENTORY --only galera',
    };
  }
  const clusters = new Set(primaries.map(({ server }) => server.uuid));
  if (clusters.size > 1) return { verdict: 'needed', evidence: `there are ${clusters.size} clusters` };
  const remaining = members.filter((member) => member.name !== host && isSynced(member));
  const votes = Math.max(...primaries.map(({ server }) => server.size));
  const arbitrators = Math.max(...primaries.map(({ server }) => server.arbitrators));
  const without = remaining.length + arbitrators - (arbitrates && arbitrators > 0 ? 1 : 0);
  const names = remaining.map(({ name }) => name).join(', ');
  if (remaining.length === 0) {
    return {
      verdict: 'needed',
      evidence: 'no other member is Synced',
      hint: 'let the other members join first: osha deploy INVENTORY --only galera',
    };
  }
  const evidence = `${without} of ${votes} votes remain: ${names}${without > remaining.length ? ' and an arbitrator' : ''}`;
  return without * 2 > votes
    ? { verdict: 'spared', evidence }
    : {
        verdict: 'needed',
        evidence: `${evidence}, which is no majority`,
        hint: 'bring the other members back first: osha deploy INVENTORY --only galera',
      };
}
