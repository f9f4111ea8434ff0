import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { HealthCheck, Operation, ResourceKey } from '../../src/playbook/operation.ts';
import type { Playbook } from '../../src/playbook/playbook.ts';
import { step, verify } from '../../src/playbook/step.ts';
import { createFakeTransport } from '../transport/fake.ts';
import type { LocalHosts } from '../support/local-hosts.ts';
import { aPlaybook, run } from '../support/run.ts';
import { it } from './it.ts';

function service(...parts: Parameters<typeof aPlaybook>): Playbook {
  return { ...aPlaybook(...parts), wave: 'services' };
}

function release(hosts: LocalHosts, host: string, file: string): void {
  mkdirSync(hosts.disk(host), { recursive: true });
  writeFileSync(join(hosts.disk(host), file), '');
}

const until = (file: string): string => `until [ -e ${file} ]; do sleep 0.01; done`;

/** Says whether another phase has changed its host, or a host next to it; `script` runs after it has looked. */
function looking(at: string, script: string, reads: readonly ResourceKey[]): Operation<string> {
  return {
    scope: 'host',
    title: 'look',
    probe: { script: `cat ${at} 2>/dev/null; ${script}`, reads, parse: ({ stdout }) => stdout },
    decide: (seen) =>
      seen === 'new' ? [] : [{ summary: `it saw "${seen}"`, script: 'exit 1', touches: [] }],
  };
}

/** Changes something and touches it. */
function changing(script: string, touches: readonly ResourceKey[]): Operation<string> {
  return {
    scope: 'host',
    title: 'change',
    probe: { script: 'cat changed 2>/dev/null || true', reads: touches, parse: ({ stdout }) => stdout },
    decide: (now) =>
      now === 'yes' ? [] : [{ summary: 'change', script: `${script}; printf yes > changed`, touches }],
  };
}

const ONE = '../controller1';

describe('observations of a phase are dropped once a parallel phase has changed', () => {
  it.for([
    ['its host, whatever that touched', 'controller1', [], []],
    ['its cluster on another host', 'controller2', ['cluster:c'], ['cluster:c']],
  ] as const)('%s: also where the answer was under way', async ([, where, touches, reads], { hosts }) => {
    // It has looked before the change, and its answer comes after it.
    const script = `: > ${ONE}/looked; ${until('released')}`;
    const ran = await run(
      hosts,
      [
        service('changer', ([first]) => [
          step(
            'Change',
            changing(`${until('looked')}; printf new > shared`, touches),
            first ? { hosts: [first] } : {},
          ),
        ]),
        service('looker', (all) => [
          step('Look', looking(`${ONE}/shared`, script, reads), {
            hosts: all.filter((host) => host.name === where),
          }),
        ]),
      ],
      {
        transport: createFakeTransport({ behind: hosts }),
        emit: (event) => {
          if (event.event === 'run-started') release(hosts, 'controller1', 'there');
          if (event.event === 'host-finished' && event.phase === 'changer') release(hosts, where, 'released');
        },
      },
    );
    expect(ran.outcomes).toEqual(['controller1 change changed', `${where} look ok`]);
  });

  it('its host, including those made ahead', async ({ hosts }) => {
    const ran = await run(
      hosts,
      [
        service('changer', ([first]) => [
          step(
            'Change',
            changing(`${until('looked')}; printf new > shared`, []),
            first ? { hosts: [first] } : {},
          ),
        ]),
        service('looker', ([first, second]) => [
          step(
            'Begin',
            (host) => ({
              ...looking('nothing', host === first ? '' : until('released'), []),
              decide: () => [],
            }),
            { hosts: [first, second].flatMap((host) => host ?? []) },
          ),
          step('Look', looking('shared', '', []), first ? { hosts: [first] } : {}),
        ]),
      ],
      {
        transport: createFakeTransport({ behind: hosts }),
        emit: (event) => {
          if (event.event !== 'host-finished') return;
          if (event.phase === 'changer') release(hosts, 'controller2', 'released');
          else if (event.host === 'controller1') release(hosts, 'controller1', 'looked');
        },
      },
    );
    expect(ran.outcomes).toContain('controller1 change changed');
    expect(ran.outcomes).toContain('controller1 look ok');
  });
});

it('observations made ahead are dropped once the phase had to wait', async ({ hosts }) => {
  // The first look finds nothing; what it waits for is there at the second one.
  const growing = 'if [ -e looked ]; then printf new > state; fi; : > looked; cat state 2>/dev/null || true';
  const ran = await run(hosts, [
    aPlaybook('waiter', ([first]) => {
      const members = first ? [first] : [];
      const check: HealthCheck<string> = {
        scope: 'health',
        title: 'state',
        members,
        probe: () => ({ script: growing, reads: [], parse: ({ stdout }) => stdout }),
        judge: (answers) =>
          [...answers.values()].map((answer) => ({
            subject: 'state',
            healthy: answer.reachable && answer.observed === 'new',
            evidence: 'as it is',
          })),
      };
      return [verify('It has come', check), step('Look', looking('state', '', []), { hosts: members })];
    }),
  ]);
  expect(ran.outcomes).toContain('controller1 look ok');
});

it('packages of a host are probed and changed by one phase at a time', async ({ hosts }) => {
  const transport = createFakeTransport({ behind: hosts });
  const packages = (name: string, script: string): Operation<string> => ({
    ...changing(script, [`package:${name}`]),
    probe: {
      script: `: ${name}; cat ${name} 2>/dev/null || true`,
      reads: [`package:${name}`],
      parse: ({ stdout }) => stdout,
    },
    decide: (now) =>
      now === 'yes'
        ? []
        : [{ summary: 'install', script: `${script}; printf yes > ${name}`, touches: [`package:${name}`] }],
  });
  const onFirst = (): readonly string[] =>
    transport.sent.flatMap(({ host, script }) => (host.name === 'controller1' ? [script] : []));
  const seen = new Set<string>();
  let meanwhile: readonly string[] | undefined;
  const ran = await run(
    hosts,
    [
      service('a', ([first]) => [
        step('Install a', packages('a', until('released')), first ? { hosts: [first] } : {}),
      ]),
      service('b', () => [step('Install b', packages('b', ':'))]),
    ],
    {
      transport,
      emit: (event) => {
        if (event.event === 'change' && event.phase === 'a') seen.add('a installs');
        if (event.event === 'host-finished' && event.phase === 'b') seen.add(`b is done on ${event.host}`);
        if (!seen.has('a installs') || !seen.has('b is done on controller2') || meanwhile) return;
        meanwhile = onFirst();
        release(hosts, 'controller1', 'released');
      },
    },
  );
  expect(ran.summary).toMatchObject({ changes: 4, failed: 0 });
  expect(meanwhile?.filter((script) => script.includes('printf yes > b'))).toEqual([]);
  expect(onFirst().filter((script) => script.includes('printf yes > b'))).toHaveLength(1);
});
