import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Change, Effect, Operation } from '../../src/playbook/operation.ts';
import { step } from '../../src/playbook/step.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { anInventory } from '../support/inventory.ts';
import { empty, failing, healthy, written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';
import { it } from './it.ts';

const ALL = ['controller1', 'controller2', 'controller3'];
const members = anInventory().hosts;

/** A change that notes in a file of all hosts when it begins and ends, does `work`, and leaves `path` done. */
function noted(path: string, effects: readonly Effect[], work = 'sleep 0.05'): Operation<string> {
  const change: Change = {
    summary: `make ${path}`,
    script: `echo "$HOST begins" >>../log\n${work}\necho "$HOST ends" >>../log\nprintf done >${path}`,
    touches: [`file:${path}`],
    effects,
  };
  return { ...written(path, 'done'), decide: (now) => (now === 'done' ? [] : [change]) };
}

const logFile = (hosts: LocalHosts): string => join(hosts.disk('x'), '..', 'log');
const log = (hosts: LocalHosts): readonly string[] =>
  existsSync(logFile(hosts)) ? readFileSync(logFile(hosts), 'utf8').trimEnd().split('\n') : [];
const inTurn = (names: readonly string[]): readonly string[] =>
  names.flatMap((name) => [`${name} begins`, `${name} ends`]);

/** Sh that ends once every host has come here; a host that comes alone waits in vain. */
const meet = `: >"../here-$HOST"; until [ $(ls .. | grep -c ^here-) = 3 ]; do sleep 0.01; done`;

describe('a step on all hosts', () => {
  it.for<[Effect]>([['restarts'], ['stops'], ['kills'], ['joins'], ['wipes']])(
    'makes a change that %s something on one host at a time, in the order of the inventory',
    async ([effect], { hosts }) => {
      const { summary } = await run(hosts, [aPlaybook('p', () => [step('Roll', noted('a', [effect]))])]);
      expect(log(hosts)).toEqual(inTurn(ALL));
      expect(summary).toMatchObject({ changes: 3, failed: 0 });
    },
  );

  it.for<[string, readonly Effect[]]>([
    ['that nothing notices', []],
    ['that starts something', ['starts']],
  ])('makes a change %s on all of them in parallel', async ([, effects], { hosts }) => {
    const { summary } = await run(hosts, [aPlaybook('p', () => [step('Meet', noted('a', effects, meet))])]);
    expect(summary).toMatchObject({ changes: 3, failed: 0 });
  });

  it('starts what is stopped before it restarts what runs', async ({ hosts }) => {
    await run(hosts, [
      aPlaybook('p', () => [
        step('Run', ({ name }) =>
          name === 'controller3' ? noted('a', ['starts'], 'sleep 0.3') : noted('a', ['restarts']),
        ),
      ]),
    ]);
    expect(log(hosts)).toEqual(inTurn(['controller3', 'controller1', 'controller2']));
  });

  it('keeps its turn on a host until the step is done there and the host is healthy', async ({ hosts }) => {
    const check = healthy(members);
    const book = aPlaybook('p', () => [
      step('Roll', [noted('a', ['restarts']), noted('b', ['restarts'], ': >healthy')], {
        untilHealthy: (host) => ({ ...check, members: [host] }),
      }),
    ]);
    const { summary } = await run(hosts, [book]);
    expect(log(hosts)).toEqual(inTurn(ALL.flatMap((host) => [host, host])));
    expect(summary).toMatchObject({ changes: 6, failed: 0 });
  });

  it('probes a host again when its turn comes, and leaves it alone if it has converged meanwhile', async ({
    hosts,
  }) => {
    const book = aPlaybook('p', () => [
      step('Roll', noted('a', ['restarts'], 'for other in ../controller*; do printf done >"$other/a"; done')),
    ]);
    const { outcomes } = await run(hosts, [book]);
    expect(log(hosts)).toEqual(inTurn(['controller1']));
    expect(outcomes).toEqual(['controller1 roll changed', 'controller2 roll ok', 'controller3 roll ok']);
  });

  it.for<[string, Operation]>([
    ['a command fails', noted('a', ['restarts'], 'exit 7')],
    ['it does not do what it is for', { ...empty('a'), decide: () => noBetter() }],
    ['a start fails, which is tried first', failing('no')],
  ])(
    'leaves what runs on the other hosts as it is when %s, and stops its phase',
    async ([, bad], { hosts }) => {
      const book = aPlaybook('p', () => [
        step('Roll', ({ name }) => (name === 'controller2' ? bad : noted('a', ['restarts']))),
        step('After', written('after', 'x')),
      ]);
      // controller1 has its turn first, unless controller2 fails before any turn.
      const before = bad.title === 'fail' ? [] : ['controller1'];
      const { outcomes, events, summary } = await run(hosts, [book]);
      expect(log(hosts).filter((line) => !line.startsWith('controller2'))).toEqual(inTurn(before));
      expect(outcomes.toSorted()).toEqual(
        [
          `controller1 roll ${before.length > 0 ? 'changed' : 'skipped'}`,
          'controller2 roll failed',
          'controller3 roll skipped',
          ...ALL.map((host) => `${host} after skipped`),
        ].toSorted(),
      );
      const held = events.find((event) => event.event === 'host-finished' && event.host === 'controller3');
      expect(held).toMatchObject({
        note: 'controller2 failed in "Roll", so what runs on the other hosts was left unchanged',
      });
      expect(summary).toMatchObject({ failed: 1 });
    },
  );

  it('continues without a failed host if its changes disturb nothing that runs', async ({ hosts }) => {
    const book = aPlaybook('p', () => [
      step('Start', ({ name }) => (name === 'controller2' ? failing('no') : noted('a', ['starts']))),
      step('After', written('after', 'x')),
    ]);
    const { outcomes } = await run(hosts, [book]);
    expect(outcomes).toContain('controller3 after changed');
  });

  it('stops the roll when a host does not become healthy after its change', async ({ hosts }) => {
    const book = aPlaybook('p', () => [
      step('Roll', noted('a', ['restarts']), { untilHealthy: healthy(members), within: 10 }),
    ]);
    const { outcomes } = await run(hosts, [book]);
    expect(log(hosts)).toEqual(inTurn(['controller1']));
    expect(outcomes.toSorted()).toEqual([
      'controller1 roll failed',
      'controller2 roll skipped',
      'controller3 roll skipped',
    ]);
  });

  it.for([[1], [2], [3]])(
    'comes to its end with %i hosts at a time, also beside another that rolls',
    async ([forks = 1], { hosts }) => {
      const rolling = (name: string, reverse: boolean) => ({
        ...aPlaybook(name, (all) => [
          step('Roll', noted(name, ['restarts'], ''), {
            hosts: reverse ? all.toReversed() : all,
          }),
        ]),
        wave: 'services',
      });
      const { summary } = await run(hosts, [rolling('a', false), rolling('b', true)], { forks });
      expect(summary).toMatchObject({ changes: 6, failed: 0 });
    },
  );

  it('ends when it is interrupted while hosts wait for their turn', async ({ hosts }) => {
    const controller = new AbortController();
    const { summary, events } = await run(
      hosts,
      [aPlaybook('p', () => [step('Roll', noted('a', ['restarts'], 'sleep 30'))])],
      {
        signal: controller.signal,
        emit: ({ event }) => {
          if (event === 'change') controller.abort(new Error('interrupted'));
        },
      },
    );
    expect(summary).toMatchObject({ interrupted: true, failed: 0 });
    const ends = events.flatMap((event) =>
      event.event === 'host-finished' ? [`${event.host} ${event.outcome}: ${event.note ?? ''}`] : [],
    );
    expect(ends.toSorted()).toEqual(ALL.map((host) => `${host} skipped: interrupted`));
    expect(events.filter((event) => event.event === 'change')).toHaveLength(1);
  });

  it('shows the effects of its changes in a diff', async ({ hosts }) => {
    writeFileSync(logFile(hosts), '');
    const { events } = await run(hosts, [aPlaybook('p', () => [step('Roll', noted('a', ['restarts']))])], {
      mode: 'diff',
    });
    const changes = events.filter((event) => event.event === 'change');
    expect(changes.map(({ host, effects }) => [host, effects])).toEqual(
      expect.arrayContaining(ALL.map((host) => [host, ['restarts']])),
    );
    expect(readFileSync(logFile(hosts), 'utf8')).toBe('');
  });
});

/** A change that succeeds and leaves everything as it was. */
function noBetter(): readonly Change[] {
  return [{ summary: 'restart it', script: 'true', touches: [], effects: ['restarts'] }];
}
