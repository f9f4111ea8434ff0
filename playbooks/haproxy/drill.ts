import type { DrillProof, DrillService, Frontend, Inventory } from 'osha';
import { ALIVE_PATH, STATS_PORT } from './files/conf.ts';
import type { HaproxySettings } from './settings.ts';
import { vipsOf } from './vips.ts';

/** The services of an availability test: HAProxy itself on each virtual IP, and every frontend. Those have their actual virtual IP. */
export function drillServices(
  inventory: Pick<Inventory, 'vips'>,
  settings: Pick<HaproxySettings, 'tls'>,
  frontends: readonly Frontend[],
): readonly DrillService[] {
  const vips = vipsOf(inventory);
  return [
    ...vips.map(({ name, address }): DrillService => ({
      name: `virtual IP ${name}`,
      address,
      port: STATS_PORT,
      proof: { kind: 'page', path: ALIVE_PATH, tls: false },
    })),
    ...frontends.flatMap((frontend): readonly DrillService[] => {
      const vip = vips.find(({ name }) => name === frontend.vip);
      if (!vip) return [];
      const { name, port } = frontend;
      const tls = Object.hasOwn(settings.tls, vip.name) && !frontend.redirectToHttps;
      return [{ name, address: vip.address, port, proof: proofOf(frontend, tls) }];
    }),
  ];
}

function proofOf({ mode, check, greeting }: Frontend, tls: boolean): DrillProof {
  if (mode === 'tcp') return greeting ? { kind: 'bytes', ...greeting } : { kind: 'connection' };
  // With a port of its own, the page of the check is not one of the service.
  const path = check?.port === undefined ? check?.httpPath : undefined;
  return { kind: 'page', path: path ?? '/', tls };
}
