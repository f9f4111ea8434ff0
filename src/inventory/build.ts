import type { Draft } from './draft.ts';
import { jumpsTo } from './jumps.ts';
import { loginOf } from './logins.ts';
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
    const ssh = { ...loginOf(draft, host, file), jump: jumpsTo(draft, host, file) };
    return [{ name: host.name, address: host.address, roles: host.roles, controller: host.controller, ssh }];
  });
  const vips = draft.vips.flatMap((vip): readonly Vip[] => {
    const cidr = parseCidr(vip.address ?? '');
    if (cidr === undefined || vip.interface === undefined) return [];
    const { prefixLength } = cidr;
    const address = formatIpv4(cidr.address);
    return [{ name: vip.name, address, prefixLength, interface: vip.interface, by: vip.by }];
  });
  return { name, file, platform: draft.platform ?? DEFAULT_PLATFORM, hosts, vips, settings };
}
