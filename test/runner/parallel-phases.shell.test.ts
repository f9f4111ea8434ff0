import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Change, Operation, ResourceKey } from '../../src/playbook/operation.ts';
import type { Playbook } from '../../src/playbook/playbook.ts';
import { step } from '../../src/playbook/step.ts';
import { createFakeTransport } from '../transport/fake.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { failing, written } from '../support/operations.ts';
import { aPlaybook, run, type TestRun } from '../support/run.ts';
import { it } from './it.ts';

const ALL = ['controller1', 'controller2', 'controller3'];

/** A playbook that may run beside the others that are made so. */
function service(...parts: Parameters<typeof aPlaybook>): Playbook {
  return { ...aPlaybook(...parts), wave: 'services' };
}

/** Runs on hosts whose shells take one script at a time. */
function runOn(
  hosts: LocalHosts,
  playbooks: readonly Playbook[],
  options: Parameters<typeof run>[2] & { shells?: number } = {},
): Promise<TestRun> {
  const { shells, ...rest } = options;
  const transport = createFakeTransport({ behind: hosts, ...(shells === undefined ? {} : { shells }) });
  return run(hosts, playbooks, { transport, ...rest });
}

/** Sh that goes on once a file is there. */
const until = (file: string): string => `until [ -e ${file} ]; do sleep 0.01; done`;

/** A change that runs `script` and then writes `path`, as `written` wants it. */
function doing(path: string, script: string, touches: readonly ResourceKey[] = []): Operation<string> {
  const change: Change = {
    summary: `make ${path}`,
    script: `${script}\nprintf done > ${path}`,
    touches: [`file:${path}`, ...touches],
  };
  return { ...written(path, 'done', touches), decide: (now) => (now === 'done' ? [] : [change]) };
}

function release(hosts: LocalHosts, host: string, file: string): void {
  mkdirSync(hosts.disk(host), { recursive: true });
  writeFileSync(join(hosts.disk(host), file), '');
}

function endsOf({ events }: TestRun): readonly (readonly string[])[] {
  return events.flatMap((event) =>
    event.event === 'phase-finished' ? [[event.phase, event.outcome] as const] : [],
  );
}

const meeting = (own: string, other: string): Playbook =>
  service(own, () => [step('Meet', doing(own, `: > ${own}-came; ${until(`${other}-came`)}`))]);

describe('parallel phases', () => {
  it('run at the same time on the same hosts', async ({ hosts }) => {
    const ran = await runOn(hosts, [meeting('a', 'b'), meeting('b', 'a')]);
    expect(ran.summary).toMatchObject({ changes: 6, failed: 0 });
    expect(ran.events[0]).toMatchObject({ phases: ['a', 'b'], waves: [['a', 'b']] });
  });

  it('take turns on a host that allows no second shell', async ({ hosts }) => {
    const ran = await runOn(
      hosts,
      ['a', 'b'].map((name) => service(name, () => [step('Make', doing(name, ''))])),
      { shells: 1 },
    );
    expect(ran.summary).toMatchObject({ changes: 6, failed: 0 });
  });

  it('wait for the wave before them, and delay the one after them', async ({ hosts }) => {
    const ran = await runOn(hosts, [
      aPlaybook('before', () => [step('Write', written('a', 'A'))]),
      meeting('b', 'c'),
      meeting('c', 'b'),
      aPlaybook('after', () => [step('Write', written('d', 'D'))]),
    ]);
    const told = ran.events.flatMap((event) =>
      event.event === 'phase-started' || event.event === 'phase-finished' ? [event.phase] : [],
    );
    expect(told.slice(0, 2)).toEqual(['before', 'before']);
    expect(told.slice(2, 6).sort()).toEqual(['b', 'b', 'c', 'c']);
    expect(told.slice(6)).toEqual(['after', 'after']);
  });

  it('have an outcome and round trips of their own', async ({ hosts }) => {
    const changing = service('changing', () => [step('Wait', doing('a', until('released')))]);
    const idle = service('idle', () => [step('Look', written('b', '')), step('Look', written('c', ''))]);
    const ran = await runOn(hosts, [changing, idle], {
      emit: (event) => {
        if (event.event !== 'phase-finished' || event.phase !== 'idle') return;
        for (const host of ALL) release(hosts, host, 'released');
      },
    });
    const ends = ran.events.filter((event) => event.event === 'phase-finished');
    expect(ends).toMatchObject([
      { phase: 'idle', outcome: 'ok', roundTrips: { controller1: 1, controller2: 1, controller3: 1 } },
      { phase: 'changing', outcome: 'changed', roundTrips: { controller1: 3, controller2: 3 } },
    ]);
    expect(ran.summary.hosts['controller1']).toMatchObject({ ok: 2, changes: 1, roundTrips: 4 });
  });

  it('continue with a host that failed in another phase; later phases leave it alone', async ({ hosts }) => {
    const [a, b] = [
      service('a', () => [
        step('Break one', (host) => (host.name === 'controller2' ? failing('no') : written('a', 'A'))),
      ]),
      service('b', () => [step('Wait', doing('b', until('released'))), step('Write', written('c', 'C'))]),
    ];
    const next = aPlaybook('next', () => [step('Next', written('d', 'D'))]);
    const ran = await runOn(hosts, [a, b, next], {
      emit: (event) => {
        if (event.event !== 'phase-finished' || event.phase !== 'a') return;
        for (const host of ALL) release(hosts, host, 'released');
      },
    });
    expect(endsOf(ran)).toEqual([
      ['a', 'failed'],
      ['b', 'changed'],
      ['next', 'changed'],
    ]);
    expect(ran.outcomes).toContain('controller2 write changed');
    expect(ran.outcomes).toContain('controller2 next skipped');
  });

  it('stop those that need them, and no others', async ({ hosts }) => {
    const ran = await runOn(hosts, [
      service('a', () => [step('Break', failing('no'), { once: true })]),
      service('b', () => [step('Write', written('b', 'B'))]),
      service('needs-a', () => [step('Write', written('c', 'C'))], ['a']),
      service('needs-b', () => [step('Write', written('d', 'D'))], ['b']),
    ]);
    expect(ran.events[0]).toMatchObject({
      waves: [
        ['a', 'b'],
        ['needs-a', 'needs-b'],
      ],
    });
    expect(new Map(endsOf(ran) as [string, string][])).toEqual(
      new Map([
        ['a', 'failed'],
        ['b', 'changed'],
        ['needs-a', 'skipped'],
        ['needs-b', 'changed'],
      ]),
    );
    expect(existsSync(join(hosts.disk('controller2'), 'd'))).toBe(true);
  });

  it('are all interrupted by one Ctrl-C, and later waves never begin', async ({ hosts }) => {
    const controller = new AbortController();
    const waiting = new Set<string>();
    const never = (name: string): Playbook => service(name, () => [step('Wait', doing(name, 'sleep 30'))]);
    const ran = await runOn(hosts, [never('a'), never('b'), aPlaybook('c', () => [])], {
      signal: controller.signal,
      emit: (event) => {
        if (event.event === 'change') waiting.add(event.phase);
        if (waiting.size === 2) controller.abort(new Error('interrupted'));
      },
    });
    expect([...endsOf(ran)].sort()).toEqual([
      ['a', 'interrupted'],
      ['b', 'interrupted'],
    ]);
    expect(ran.summary).toMatchObject({ interrupted: true, failed: 0 });
  });

  it('announce independently: pending changes of one do not affect another', async ({ hosts }) => {
    const nothing = written('nothing', '');
    const waiting = { ...nothing, probe: { ...nothing.probe, script: until('released') } };
    const ran = await runOn(
      hosts,
      [
        service('a', () => [step('A', doing('a', '', ['database:all']))]),
        service('b', () => [step('Wait', waiting), step('B', doing('b', '', ['database:all']))]),
        aPlaybook('after', () => [step('After', doing('c', '', ['database:all']))]),
      ],
      {
        mode: 'diff',
        emit: (event) => {
          if (event.event !== 'phase-finished' || event.phase !== 'a') return;
          for (const host of ALL) release(hosts, host, 'released');
        },
      },
    );
    expect(ran.outcomes.filter((outcome) => outcome.startsWith('controller1'))).toEqual([
      'controller1 a would-change',
      'controller1 wait ok',
      'controller1 b would-change',
      'controller1 after unknown',
    ]);
  });
});
