import { until } from '../support/until.ts';
import { API_VIP, ask, COMPUTE_ADDRESS, login, on } from './cloud.ts';

export const NETWORK_API = `http://${API_VIP}:9696/v2.0`;

/** The agents of a router, by host: `active`, `standby`, or `dead` without a heartbeat. */
export async function holdersOfRouter(router: string): Promise<ReadonlyMap<string, string>> {
  const { agents } = (await ask(`${NETWORK_API}/routers/${router}/l3-agents`, await login(), 10_000)) as {
    agents: { host: string; ha_state: string; alive: boolean }[];
  };
  return new Map(agents.map(({ host, ha_state: state, alive }) => [host, alive ? state : 'dead']));
}

/** The host with the active router. */
export function activeOf(holders: ReadonlyMap<string, string>): string | undefined {
  return [...holders].find(([, state]) => state === 'active')?.[0];
}

/** Milliseconds after which a standby that is not ready has missed Neutron's notification. */
const TOLD_MS = 45_000;

/**
 * Waits until a router has an active host and a standby that could take over. If the standby has its ports before the
 * active host, Neutron does not send it the forwarding entries of compute hosts, because it counts active ports
 * (`get_agent_network_active_port_count` of its l2pop driver). Its agent fetches them when it restarts.
 */
export async function untilTakeoverIsReady(router: string, withinMs: number): Promise<void> {
  await until(
    'one host has the active router, and one its standby',
    withinMs,
    async () => [...(await holdersOfRouter(router)).values()].sort().join() === 'active,standby',
  );
  const ready = (): Promise<boolean> => standbyIsReady(router);
  try {
    await until("the router's standby is ready", TOLD_MS, ready);
  } catch {
    const standby = standbyOf(await holdersOfRouter(router));
    process.stdout.write(
      `${standby} was not told the way to the servers of its router: its agent asks again\n`,
    );
    if (standby !== undefined) await on(standby, 'systemctl restart neutron-linuxbridge-agent');
    await until("the router's standby is ready", withinMs, ready);
  }
}

function standbyOf(holders: ReadonlyMap<string, string>): string | undefined {
  return [...holders].find(([, state]) => state === 'standby')?.[0];
}

/**
 * Whether a router's standby could take over: its ports are in their bridges, and the servers' network has a path to the
 * compute host. Neutron reports a standby earlier; if the active host dies before, the router is down until the agents
 * are notified again.
 */
async function standbyIsReady(router: string): Promise<boolean> {
  const standby = standbyOf(await holdersOfRouter(router));
  if (standby === undefined) return false;
  const token = await login();
  const { ports } = (await ask(`${NETWORK_API}/ports?device_id=${router}`, token, 10_000)) as {
    ports: { id: string; network_id: string; device_owner: string }[];
  };
  const inside = ports.find(({ device_owner: owner }) => owner === 'network:ha_router_replicated_interface');
  const outside = ports.find(({ device_owner: owner }) => owner === 'network:router_gateway');
  if (!inside || !outside) return false;
  const { network } = (await ask(`${NETWORK_API}/networks/${inside.network_id}`, token, 10_000)) as {
    network: { 'provider:segmentation_id': number };
  };
  const said = await on(
    standby,
    `plugged() { bridge link show dev "$1" 2>/dev/null | grep -q master; }
    if plugged ${tapOf(inside.id)} && plugged ${tapOf(outside.id)} &&
      bridge fdb show dev vxlan-${network['provider:segmentation_id']} | grep -q '^00:00:00:00:00:00 dst ${COMPUTE_ADDRESS} '
    then echo ready; fi`,
  );
  return said === 'ready';
}

/** The Linux bridge agent's name for a port's device in the bridge. */
function tapOf(port: string): string {
  return `tap${port.slice(0, 11)}`;
}
