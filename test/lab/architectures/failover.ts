import { expect, it } from 'vitest';
import type { Architecture } from './architecture.ts';
import type { Figures } from './figures.ts';
import { silenceOf } from './silence.ts';
import { expectRecovery } from './whole.ts';

/** Corosync's token timeout and Pacemaker's decision, or three missed keepalived advertisements, with a margin for two cores. */
const MOST_FAILOVER_MS = 60_000;

/** Each virtual IP answers again soon after its holder dies. */
export function failover(architecture: Architecture, figures: Figures): void {
  const { inventory, lab, names } = architecture;
  for (const vip of inventory.vips) {
    let holder = '';

    it(`the virtual IP ${vip.name} answers from another host when its holder dies`, async () => {
      const holders = await lab.holdersOf(vip.address, names);
      expect(holders).toHaveLength(1);
      [holder = ''] = holders;
      const silence = await silenceOf(vip, MOST_FAILOVER_MS, () => lab.kill(holder));
      figures.failoverMs.set(vip.name, silence);
      process.stdout.write(`${architecture.name}: ${vip.name} moved from ${holder} in ${silence} ms\n`);
      const survivors = names.filter((name) => name !== holder);
      const [next = '', ...more] = await lab.holdersOf(vip.address, survivors);
      expect(more).toEqual([]);
      expect(vip.holders).toContain(next);
    });

    it(`is healthy again when that host is back (${vip.name})`, async () => {
      await expectRecovery(architecture, holder);
    });
  }
}
