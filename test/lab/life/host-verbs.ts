import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { ADDRESSES, HOSTS, INVENTORY } from '../core/hosts.ts';
import { acknowledgedSince } from '../harm/client.ts';
import { checkoutWith } from '../harm/inventories.ts';
import { said } from '../harm/said.ts';
import { untilHealthy } from '../support/healthy.ts';
import { hostsOf } from '../support/hosts.ts';
import { changesOf, osha, startOsha } from '../support/osha.ts';
import { FOURTH, FOURTH_ADDRESS, fourthHost, labOfFour } from './four-hosts.ts';
import { listedEverywhere, membersListedOn } from './member-lists.ts';

const ALL: Readonly<Record<string, string>> = { ...ADDRESSES, [FOURTH]: FOURTH_ADDRESS };

/** A fourth host is added, the first one removed, and takes its place again, by the verbs and while a client writes. */
export function hostVerbs(): void {
  const { on } = hostsOf(labOfFour());
  let file: string;

  async function expectMembers(names: readonly string[]): Promise<void> {
    await untilHealthy(file, 180_000);
    for (const host of names) {
      for (const [name, address] of Object.entries(ALL)) {
        const listed = await membersListedOn((script) => on(host, script), { name, address });
        expect(listed, `${name} on ${host}`).toEqual(listedEverywhere(names.includes(name)));
      }
    }
    expect(changesOf(await osha('deploy', file, '--json'))).toEqual([]);
  }

  const ran = async (...args: readonly string[]): Promise<void> => {
    const result = await osha(...args, '--json');
    expect(result.exitCode, said(result)).toBe(0);
  };

  beforeAll(async () => {
    await untilHealthy(INVENTORY, 180_000);
    file = checkoutWith(
      'verbs',
      (inventory) => void inventory.setIn(['hosts', FOURTH], fourthHost(inventory)),
    );
  });

  it('host add takes in a host that the inventory lists', async () => {
    await ran('host', 'add', file, FOURTH);
    await expectMembers([...HOSTS, FOURTH]);
  });

  it('host remove takes a host out of every system and out of the inventory, while a client writes', async () => {
    const since = Number(await on('controller1', 'date +%s'));
    await ran('host', 'remove', file, 'controller1', '--yes');
    const { longestGap } = await acknowledgedSince(since);
    process.stdout.write(`host remove: at most ${longestGap} s without an acknowledged row\n`);
    expect(longestGap).toBeLessThan(30);
    expect(readFileSync(file, 'utf8')).not.toContain('controller1');
    await expectMembers(['controller2', 'controller3', FOURTH]);
  });

  it('a removal that is repeated says that the host is gone', async () => {
    const again = await osha('host', 'remove', file, 'controller1', '--yes', '--json');
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain('has no host "controller1"');
  });

  it('host replace puts the first host in the place of the fourth, also when it was killed in between', async () => {
    const text = readFileSync(INVENTORY, 'utf8').match(/^ {2}controller1: .*\n/m)?.[0] ?? '';
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/^hosts:\n/m, (hosts) => hosts + text),
    );
    const run = startOsha('host', 'replace', file, FOURTH, 'controller1', '--yes', '--json');
    await run.until((event) => event.event === 'phase-finished' && event.phase === 'rabbitmq');
    run.process.kill('SIGKILL');
    await run.result;
    await ran('host', 'replace', file, FOURTH, 'controller1', '--yes');
    await expectMembers(HOSTS);
  });
}
