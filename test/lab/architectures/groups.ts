import { expect, it } from 'vitest';
import type { Settings } from '../../../playbooks/pacemaker/settings.ts';
import type { Vip } from '../../../src/inventory/types.ts';
import { until } from '../support/until.ts';
import type { Architecture, Aspect } from './architecture.ts';
import { keystoneAnswers } from './cloud.ts';
import { outOfOrder, overlapsOf, samplesOf, spansOf, type Sample } from './timeline.ts';
import { expectNothingToDo, untilHealthy } from './whole.ts';

/** Services stop and start one at a time; Pacemaker itself takes a second or two. */
const MOST_MOVE_MS = 240_000;
/** Milliseconds between samples on a host. More would slow down the move: all hosts share two cores. */
const EVERY_SECONDS = 0.5;
/** Milliseconds between polls from outside, each of which starts a process on every host. */
const POLL_MS = 3000;
/** Sampling stops after this time, even if it is not told to. */
const MOST_SAMPLES = 1500;
const MOST_SAMPLING_MS = 15 * 60_000;
const STOP = '/run/lab-stop';

/** All resources of an active/passive group run on one host, and move together. */
export const groups: Aspect = {
  title: 'active/passive groups',
  fits: (architecture) => groupsOf(architecture).length > 0,
  tests: (architecture) => {
    const { lab, systems } = architecture;
    const members = systems.get('pacemaker') ?? [];
    describeEach(architecture, ({ name, vips, services }) => {
      const order = [...vips.map((vip) => vip.name), ...services];
      let before = '';
      let after = '';

      it(`${name} moves together, in order, and no resource runs on two hosts at once`, async () => {
        before = await holderOf(architecture, vips);
        const sampling = members.map((host) => sample(architecture, host, vips, services));
        try {
          await lab.on(before, `pcs node standby ${before}`);
          const moved = async (): Promise<boolean> => {
            after = await holderOf(architecture, vips);
            return after !== before && (await runsOn(architecture, after, services));
          };
          await until(`${name} runs elsewhere`, MOST_MOVE_MS, moved, POLL_MS);
          if (services.includes('keystone')) {
            await until('the API answers again', MOST_MOVE_MS, () => keystoneAnswers(vips[0]?.address ?? ''));
          }
        } finally {
          await Promise.all(members.map((host) => lab.on(host, `touch ${STOP}`)));
          // Stops sampling before the group moves back.
          await Promise.allSettled(sampling);
          await lab.on(before, `pcs node unstandby ${before}`);
        }
        const samples = (await Promise.all(sampling)).flat();
        for (const what of order) {
          expect(overlapsOf(what, samples)).toEqual([]);
          expect(hostsSeen(what, samples)).toEqual([before, after].sort());
        }
        expect(outOfOrder(order, samples)).toEqual([]);
        process.stdout.write(
          `${name} moved from ${before} to ${after}: away ${awayMs(order, samples)} ms, in ${samples.length} samples\n`,
        );
      });

      it(`${name} runs completely afterwards, wherever it prefers to be`, async () => {
        await untilHealthy(architecture);
        await expectNothingToDo(architecture);
      });
    });
  },
};

interface Group {
  readonly name: string;
  readonly vips: readonly Vip[];
  readonly services: readonly string[];
}

function groupsOf({ inventory }: Architecture): readonly Group[] {
  const { groups: declared } = inventory.settings['pacemaker'] as Settings;
  return Object.entries(declared).map(([name, { vips, services }]) => ({
    name,
    services,
    vips: vips.flatMap((vip) => inventory.vips.find((each) => each.name === vip) ?? []),
  }));
}

function describeEach(architecture: Architecture, tests: (group: Group) => void): void {
  for (const group of groupsOf(architecture)) tests(group);
}

/** The one host that holds the virtual IPs of a group. */
async function holderOf({ lab, systems }: Architecture, vips: readonly Vip[]): Promise<string> {
  const holders = await lab.holdersOf(vips[0]?.address ?? '', systems.get('pacemaker') ?? []);
  expect(holders).toHaveLength(1);
  return holders[0] ?? '';
}

async function runsOn({ lab }: Architecture, host: string, services: readonly string[]): Promise<boolean> {
  if (services.length === 0) return true;
  const states = await lab.on(host, `systemctl is-active ${services.join(' ')} || :`);
  return states.split('\n').every((state) => state === 'active');
}

/**
 * Samples which units of a group run on a host until told to stop, then once more. A unit counts until it is completely
 * stopped. Each sample queries the last unit to start first, so that whatever it requires must still be seen running.
 */
async function sample(
  { lab }: Architecture,
  host: string,
  vips: readonly Vip[],
  services: readonly string[],
): Promise<readonly Sample[]> {
  const units = [...services].reverse();
  // One process for all units: sampling must not slow down the move.
  const look =
    units.length === 0
      ? ''
      : `set -- ${units.join(' ')}
      for state in $(systemctl is-active "$@"); do
        case $state in inactive | failed) ;; *) line="$line $1" ;; esac
        shift
      done`;
  const addresses = [...vips]
    .reverse()
    .map(({ name, address }) => `case $(ip -o -4 addr) in *" ${address}/"*) line="$line ${name}" ;; esac`);
  const lines = await lab.on(
    host,
    `rm -f ${STOP}
    for look in $(seq ${MOST_SAMPLES}); do
      if [ -e ${STOP} ]; then stop=1; else stop=; fi
      line=$(date +%s%3N)
      ${[look, ...addresses].join('\n      ')}
      echo "$line"
      [ -n "$stop" ] && break
      sleep ${EVERY_SECONDS}
    done`,
    MOST_SAMPLING_MS,
  );
  return samplesOf(host, lines);
}

function hostsSeen(what: string, samples: readonly Sample[]): readonly string[] {
  return [...new Set(spansOf(what, samples).map(({ host }) => host))].sort();
}

/** Milliseconds from the last sample that saw the whole group on its old host to the first that saw it whole on the new one. */
function awayMs(order: readonly string[], samples: readonly Sample[]): number {
  const whole = samples
    .filter(({ running }) => order.every((what) => running.includes(what)))
    .sort((a, b) => a.at - b.at);
  const moved = whole.findIndex(({ host }, index) => index > 0 && host !== whole[index - 1]?.host);
  return moved < 0 ? 0 : (whole[moved]?.at ?? 0) - (whole[moved - 1]?.at ?? 0);
}
