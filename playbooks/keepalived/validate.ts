import { addressIn, holdersOf, type Inventory, type InventoryProblem, sameNetwork, type Vip } from 'osha';
import { keptVips, routerIdOf } from './files/conf.ts';
import { settingsOf as corosyncSettings } from '../pacemaker/settings.ts';
import type { KeepalivedSettings } from './settings.ts';

/** The default multicast address of VRRP. */
const VRRP_GROUP = '224.0.0.18';

/** Mistakes in the virtual IPs of keepalived and in its settings. */
export function problems(inventory: Inventory, settings: KeepalivedSettings): readonly InventoryProblem[] {
  const vips = keptVips(inventory);
  return [
    ...unknownRouterIds(inventory, vips, settings),
    ...vips.flatMap((vip, index) => [
      ...routerIdProblems(vip, vips.slice(0, index), settings),
      ...managerProblems(vip, inventory),
      ...holderProblems(vip, inventory, settings),
    ]),
    ...multicastProblems(inventory, settings),
    ...preemptProblems(vips, settings),
  ];
}

function unknownRouterIds(
  inventory: Inventory,
  vips: readonly Vip[],
  settings: KeepalivedSettings,
): readonly InventoryProblem[] {
  return Object.keys(settings.router_ids)
    .filter((name) => !vips.some((vip) => vip.name === name))
    .map((name) => ({
      severity: 'error',
      path: ['keepalived', 'router_ids', name],
      at: 'key',
      message: inventory.vips.some((vip) => vip.name === name)
        ? `VIP ${name} is not held by keepalived`
        : `there is no VIP "${name}"`,
      hint: `the virtual IPs held by keepalived are: ${vips.map((vip) => vip.name).join(', ')}`,
    }));
}

/** A router ID must be unique on a network, and on an interface of a host. */
function routerIdProblems(
  vip: Vip,
  before: readonly Vip[],
  settings: KeepalivedSettings,
): readonly InventoryProblem[] {
  const id = routerIdOf(vip, settings);
  const written = settings.router_ids[vip.name] !== undefined;
  const path = written ? ['keepalived', 'router_ids', vip.name] : ['vips', vip.name, 'address'];
  const hint = `set another one, from 1 to 255: keepalived: { router_ids: { ${vip.name}: NUMBER } }`;
  if (id === 0) {
    const message = `the virtual router ID of ${vip.name}, the last number of its address, would be 0`;
    return [{ severity: 'error', path, message, hint }];
  }
  const twin = before.find(
    (other) =>
      routerIdOf(other, settings) === id &&
      (sameNetwork(other, vip) ||
        (other.interface === vip.interface && other.holders.some((name) => vip.holders.includes(name)))),
  );
  if (!twin) return [];
  const message = `the virtual router ID of ${vip.name} would be ${id}, which is that of VIP ${twin.name}`;
  return [{ severity: 'error', path, message, hint }];
}

/** A host cannot use both keepalived and Pacemaker: the cluster starts and stops the HAProxy that both depend on. */
function managerProblems(vip: Vip, inventory: Inventory): readonly InventoryProblem[] {
  const rival = inventory.vips.find(
    (other) => other.by === 'pacemaker' && other.holders.some((name) => vip.holders.includes(name)),
  );
  if (!rival) return [];
  const shared = vip.holders.filter((name) => rival.holders.includes(name)).join(', ');
  return [
    {
      severity: 'error',
      path: ['vips', vip.name, 'by'],
      message: `${shared} would hold ${vip.name} with keepalived and ${rival.name} with Pacemaker, which would stop HAProxy regardless of keepalived`,
      hint: 'use the same one for both, or different hosts (on: ...)',
    },
  ];
}

function holderProblems(
  vip: Vip,
  inventory: Inventory,
  settings: KeepalivedSettings,
): readonly InventoryProblem[] {
  const holders = holdersOf(inventory, vip);
  const [only] = holders;
  if (only !== undefined && holders.length === 1) {
    return [
      {
        severity: 'warning',
        path: ['vips', vip.name],
        at: 'key',
        message: `only ${only.name} can hold ${vip.name}: it is down whenever that host is`,
        hint: 'add a second host (on: ...)',
      },
    ];
  }
  if (settings.multicast) return [];
  return holders
    .filter((holder) => addressIn(holder, vip) === undefined)
    .map((holder) => ({
      severity: 'error',
      path: ['hosts', holder.name, 'address'],
      message: `keepalived needs the IPv4 address of ${holder.name} in the network of VIP ${vip.name}, for its advertisements`,
      hint: 'set it here, or in its networks: { NAME: ADDRESS }; or keepalived: { multicast: true }',
    }));
}

function multicastProblems(inventory: Inventory, settings: KeepalivedSettings): readonly InventoryProblem[] {
  const { multicast, multicast_group: group } = settings;
  const severity = 'error';
  if (!multicast) {
    if (group === undefined) return [];
    const message = 'this address is unused: advertisements are sent by unicast';
    const hint = 'set multicast: true, or remove it';
    return [{ severity, path: ['keepalived', 'multicast_group'], message, hint }];
  }
  if (corosyncSettings(inventory).multicast !== (group ?? VRRP_GROUP)) return [];
  const path = group === undefined ? ['keepalived', 'multicast'] : ['keepalived', 'multicast_group'];
  const message = `${group ?? VRRP_GROUP} is also the multicast address of Corosync`;
  return [{ severity, path, message, hint: 'use different addresses' }];
}

/** Without preempt, a standby never takes the virtual IP from its holder, however low its priority. */
function preemptProblems(vips: readonly Vip[], settings: KeepalivedSettings): readonly InventoryProblem[] {
  if (settings.preempt || settings.check.on_failure !== 'lower') return [];
  if (vips.every((vip) => vip.holders.length === 1)) return [];
  return [
    {
      severity: 'error',
      path: ['keepalived', 'preempt'],
      message: 'without preempt, no host takes a virtual IP over from a holder of lowered priority',
      hint: 'set check: { on_failure: give_up }, or preempt: true',
    },
  ];
}
