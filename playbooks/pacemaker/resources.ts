import { pacemaker } from 'osha';
import type { Host, Platform, Vip } from 'osha';
import type { z } from 'zod';
import type { settings as schema } from './settings.ts';

/** The resource that runs HAProxy. */
export const HAPROXY = 'haproxy';

export interface ResourcesOptions {
  readonly hosts: readonly Host[];
  readonly vips: readonly Vip[];
  readonly settings: z.output<typeof schema>;
  readonly platform: Platform;
}

/** HAProxy on every host, and each virtual IP on one host where HAProxy runs. */
export function desiredResources({
  hosts,
  vips,
  settings,
  platform,
}: ResourcesOptions): pacemaker.DesiredResources {
  const clone = `${HAPROXY}-clone`;
  const ids = vips.map(pacemaker.vipResource);
  return {
    properties: {
      'pe-warn-series-max': '1000',
      'pe-input-series-max': '1000',
      'pe-error-series-max': '1000',
      'cluster-recheck-interval': settings.recheck,
      // Without a fence device Pacemaker would start nothing at all while this is true.
      'stonith-enabled': 'false',
      // One of two has no majority when it is alone.
      'no-quorum-policy': settings.no_quorum ?? (hosts.length === 2 ? 'ignore' : 'stop'),
      ...settings.properties,
    },
    defaults: { 'resource-stickiness': String(settings.stickiness) },
    resources: [
      {
        id: HAPROXY,
        agent: `systemd:${platform.units.haproxy}`,
        options: {},
        monitorSeconds: settings.monitor_seconds,
        clone: true,
      },
      ...vips.map((vip) => ({
        id: pacemaker.vipResource(vip),
        agent: 'ocf:heartbeat:IPaddr2',
        options: { ip: vip.address, cidr_netmask: String(vip.prefixLength), nic: vip.interface },
        monitorSeconds: settings.monitor_seconds,
      })),
    ],
    // Optional: only where both start at the same time. A virtual IP does not wait for HAProxy to be restarted.
    orders: ids.map((first) => ({ first, then: clone, kind: 'Optional' })),
    colocations: ids.map((resource) => ({ resource, with: clone, score: 'INFINITY' })),
  };
}
