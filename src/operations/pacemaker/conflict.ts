import type { Host } from '../../inventory/types.ts';
import { isPlaceholder, type CorosyncConf } from './corosync-conf.ts';
import type { MemberState } from './member-state.ts';
import { isTransport, transportInWords, type Transport } from './transport.ts';

/** Members that answered. */
export type Known = readonly (readonly [Host, MemberState])[];

/** Why going on could break a cluster that lives, or lose what one has configured. */
export interface Conflict {
  readonly reason: string;
  readonly hint: string;
}

/** The `corosync.conf` of a real cluster; the one that the package came with is none. */
export function confOf(state: MemberState): CorosyncConf | undefined {
  return state.conf && !isPlaceholder(state.conf) ? state.conf : undefined;
}

/** What stands against making, or completing, the cluster `name` of members that answered so. */
export function conflictOf(
  { name, transport }: { readonly name: string; readonly transport?: Transport },
  known: Known,
): Conflict | undefined {
  return (
    otherCluster(name, known) ??
    severalClusters(known) ??
    runsWithoutConf(known) ??
    notListed(known) ??
    leftConfiguration(known) ??
    otherTransport(transport, known)
  );
}

/** Neither pcs nor Corosync changes the transport of a cluster that is there. */
function otherTransport(wanted: Transport | undefined, known: Known): Conflict | undefined {
  if (wanted === undefined) return undefined;
  for (const [host, state] of known) {
    const found = confOf(state)?.transport;
    if (!found || isTransport(found, wanted)) continue;
    const has = transportInWords(found);
    return {
      reason: `the cluster of ${host.name} speaks ${has}, and not ${transportInWords(wanted)}`,
      hint: `it can only be chosen when a cluster is set up: write what it has (transport: ${found.kind}), or give it up with everything it runs, on all of its members: pcs cluster destroy --all`,
    };
  }
  return undefined;
}

function otherCluster(name: string, known: Known): Conflict | undefined {
  const found = known.find(([, state]) => (confOf(state)?.clusterName ?? name) !== name);
  if (!found) return undefined;
  const other = confOf(found[1])?.clusterName ?? '';
  return {
    reason: `${found[0].name} is in the cluster "${other}", and not in "${name}"`,
    hint: `to go on with that cluster, write pacemaker: { cluster_name: ${other} }; to give it up: pcs cluster destroy, on ${found[0].name}`,
  };
}

function severalClusters(known: Known): Conflict | undefined {
  const uuids = known.flatMap(([, state]) => confOf(state)?.clusterUuid ?? []);
  if (new Set(uuids).size < 2) return undefined;
  return {
    reason: 'members are in different clusters of the same name',
    hint: 'decide which one stays; on the hosts of the other: pcs cluster destroy',
  };
}

/** Corosync goes on with what it read when it started, so that a cluster may live without a file that says so. */
function runsWithoutConf(known: Known): Conflict | undefined {
  const found = known.find(([, state]) => state.runs !== undefined && !confOf(state));
  if (!found) return undefined;
  return {
    reason: `${found[0].name} runs the cluster "${found[1].runs ?? ''}", but has no corosync.conf of it`,
    hint: `get it back from another member: pcs cluster sync corosync; or give the cluster up: pcs cluster destroy, on ${found[0].name}`,
  };
}

/** A host that was removed while it was down still has its file, and would wait for members that do not know it. */
function notListed(known: Known): Conflict | undefined {
  for (const [host, state] of known) {
    if (!confOf(state)) continue;
    const against = known.find(([other, otherState]) => {
      const says = confOf(otherState);
      if (!says || (otherState.runs === undefined && other !== host)) return false;
      return !says.nodes.some((node) => node.name === host.name || node.address === host.address);
    });
    if (!against) continue;
    return {
      reason: `${host.name} has the corosync.conf of a cluster in which ${against[0].name} does not list it`,
      hint: `pcs cluster destroy, on ${host.name}; it is added again when you deploy`,
    };
  }
  return undefined;
}

/** Setting up a cluster starts with an empty configuration. */
function leftConfiguration(known: Known): Conflict | undefined {
  if (known.some(([, state]) => confOf(state))) return undefined;
  const found = known.find(([, state]) => (state.resources ?? 0) > 0);
  if (!found) return undefined;
  return {
    reason: `${found[0].name} holds ${found[1].resources ?? 0} resources of a cluster, and no corosync.conf that tells which`,
    hint: `if they are no longer needed: pcs cluster destroy, on ${found[0].name}`,
  };
}
