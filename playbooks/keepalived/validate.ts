import { addressIn, holdersOf, type Inventory, type InventoryProblem, sameNetwork, type Vip } from 'osha';
import { keptVips, routerIdOf } from './files/conf.ts';
import { settingsOf as corosyncSettings } from '../pacemaker/settings.ts';
import type { KeepalivedSettings } from './settings.ts';

/** What VRRP uses where nothing else is asked for. */
const VRRP_GROUP = '224.0.0.18';

/** Mistakes in the virtual IPs that keepalived is to hold, and in its settings. */
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
      hint: `those held by keepalived are: ${vips.map((vip) => vip.name).join(', ')}`,
    }));
}

/** One router ID stands for one virtual IP in a network, and on an interface of a host. */
function routerIdProblems(
  vip: Vip,
  before: readonly Vip[],
  settings: KeepalivedSettings,
): readonly InventoryProblem[] {
  const id = routerIdOf(vip, settings);
  const written = settings.router_ids[vip.name] !== undefined;
  const path = written ? ['keepalived', 'router_ids', vip.name] : ['vips', vip.name, 'address'];
  const hint = `write another, from 1 to 255: keepalived: { router_ids: { ${vip.name}: NUMBER } }`;
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

/** A host is a matter of keepalived or of Pacemaker: the cluster starts and stops the HAProxy that both depend on. */
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
      message: `${shared} would hold ${vip.name} by keepalived and ${rival.name} by Pacemaker, which stops HAProxy without regard to keepalived`,
      hint: 'let one of the two hold both, or put them on different hosts (on: ...)',
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
        message: `only ${only.name} can hold ${vip.name}: it goes when that host does`,
        hint: 'name a second host (on: ...)',
      },
    ];
  }
  if (settings.multicast) return [];
  return holders
    .filter((holder) => addressIn(holder, vip) === undefined)
    .map((holder) => ({
      severity: 'error',
      path: ['hosts', holder.name, 'address'],
      message: `keepalived needs the IPv4 address of ${holder.name} in the network of VIP ${vip.name}, to tell the other holders`,
      hint: 'write the address here, or as one of its networks: { NAME: ADDRESS }; or keepalived: { multicast: true }',
    }));
}

function multicastProblems(inventory: Inventory, settings: KeepalivedSettings): readonly InventoryProblem[] {
  const { multicast, multicast_group: group } = settings;
  const severity = 'error';
  if (!multicast) {
    if (group === undefined) return [];
    const message = 'this address is not used: advertisements go to each holder';
    const hint = 'write multicast: true beside it, or remove it';
    return [{ severity, path: ['keepalived', 'multicast_group'], message, hint }];
  }
  if (corosyncSettings(inventory).multicast !== (group ?? VRRP_GROUP)) return [];
  const path = group === undefined ? ['keepalived', 'multicast'] : ['keepalived', 'multicast_group'];
  const message = `${group ?? VRRP_GROUP} is the multicast address of Corosync too`;
  return [{ severity, path, message, hint: 'give each of them an address of its own' }];
}

/** A standby that does not preempt leaves the virtual IP to whoever holds it, however low that one ranks. */
function preemptProblems(vips: readonly Vip[], settings: KeepalivedSettings): readonly InventoryProblem[] {
  if (settings.preempt || settings.check.on_failure !== 'lower') return [];
  if (vips.every((vip) => vip.holders.length === 1)) return [];
  return [
    {
      severity: 'error',
      path: ['keepalived', 'preempt'],
      message: 'without preempting, no host takes a virtual IP from a holder that is only lowered',
      hint: 'write check: { on_failure: give_up }, or preempt: true',
    },
  ];
}
