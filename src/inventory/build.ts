import { bare } from '../yaml/bare.ts';
import type { Draft } from './draft.ts';
import { jumpsTo } from './jumps.ts';
import { settingsOf } from './logins.ts';
import { formatIpv4 } from './network.ts';
import { DEFAULT_PLATFORM } from './schema.ts';
import type { Host, Inventory, Vip } from './types.ts';
import { parseCidr } from './vip-rules.ts';

/** The inventory that a draft without errors describes. Hosts and VIPs that lack something essential are left out. */
export function inventoryOf(
  draft: Draft,
  file: string,
  name: string,
  settings: Readonly<Record<string, unknown>>,
): Inventory {
  const hosts = draft.hosts.flatMap((host): readonly Host[] => {
    if (host.address === undefined) return [];
    const jump = jumpsTo(draft, host, file);
    const ssh = { ...settingsOf(draft, host, file), ...(jump === undefined ? {} : { jump }) };
    const { name, address, networks, roles, controller } = host;
    return [{ name, address, networks: bare(networks), roles, controller, ssh }];
  });
  const vips = draft.vips.flatMap((vip): readonly Vip[] => {
    const cidr = parseCidr(vip.address ?? '');
    const { name, interface: device, by, haproxy } = vip;
    if (cidr === undefined || device === undefined) return [];
    const { prefixLength } = cidr;
    const address = formatIpv4(cidr.address);
    const holders = vip.holders.map((host) => host.name);
    return [{ name, address, prefixLength, interface: device, by, haproxy, holders }];
  });
  return { name, file, platform: draft.platform ?? DEFAULT_PLATFORM, hosts, vips, settings };
}
