import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Host } from '../../src/inventory/types.ts';
import { ProbeError, type ClusterDecision, type ClusterOperation } from '../../src/playbook/operation.ts';
import type { Playbook } from '../../src/playbook/playbook.ts';
import { step, verify } from '../../src/playbook/step.ts';
import { allJoined, healthy, written } from '../support/operations.ts';
import { anInventory } from '../support/inventory.ts';
import { aPlaybook, run, type TestRun } from '../support/run.ts';
import { it } from './it.ts';
import { exitCodeOf } from '../../src/cli/io.ts';

const ALL = ['controller1', 'controller2', 'controller3'];

/** A cluster operation that decides the same whatever its members answer. */
function deciding(members: readonly Host[], decide: () => ClusterDecision): ClusterOperation {
  return { ...allJoined(members), title: 'Form the cluster', decide };
}

const REFUSAL: ClusterDecision = {
  verdict: 'refuse',
  reason: 'controller3 holds data of another cluster',
  hint: 'move it aside',
  evidence: { columns: ['member', 'cluster'], rows: [['controller3', 'other']] },
};

function forming(decide: (members: readonly Host[]) => ClusterDecision): Playbook {
  return aPlaybook('galera', (members) => [
    step(
      'Form the cluster',
      deciding(members, () => decide(members)),
    ),
    step('After', written('after', 'x')),
  ]);
}

/** A cluster whose decision does not mind a member that cannot be reached. */
const independent = aPlaybook('galera', (members) => [
  step('Form the cluster', { ...allJoined(members), decidesWithoutUnreachable: true as const }),
]);

const needing = aPlaybook('keystone', () => [step('Write', written('needing', 'x'))], ['galera']);
const other = aPlaybook('memcached', () => [step('Write', written('other', 'x'))]);

const stepEnd = ({ events }: TestRun, id: string): unknown =>
  events.find((event) => event.event === 'step-finished' && event.step === id);

describe('a refusal', () => {
  it.for(['apply', 'diff'] as const)(
    'belongs to its step: in "%s" no host fails or leaves, and only phases that need it are skipped',
    async (mode, { hosts }) => {
      const ran = await run(hosts, [forming(() => REFUSAL), needing, other], { mode });
      const did = mode === 'diff' ? 'would-change' : 'changed';
      // Hosts of one step are worked on in parallel, and end in any order.
      expect(ran.outcomes.toSorted()).toEqual(
        [
          ...ALL.map((host) => `${host} form-the-cluster skipped`),
          ...ALL.map((host) => `${host} after skipped`),
          ...ALL.map((host) => `${host} write skipped`),
          ...ALL.map((host) => `${host} write ${did}`),
        ].toSorted(),
      );
      expect(stepEnd(ran, 'form-the-cluster')).toMatchObject({
        outcome: 'refused',
        failure: { message: 'controller3 holds data of another cluster', hint: 'move it aside' },
      });
      const ends = ran.events.flatMap((event) => (event.event === 'phase-finished' ? [event.outcome] : []));
      expect(ends).toEqual(['refused', 'skipped', 'changed']);
      expect(ran.summary).toMatchObject({ failed: 0, changes: 3, unreachable: 0 });
      expect(ran.summary.refused).toBe('galera: controller3 holds data of another cluster');
      expect(exitCodeOf(ran.summary)).toBe(5);
      expect(existsSync(join(hosts.disk('controller1'), 'other'))).toBe(mode === 'apply');
    },
  );

  it('gives its reason to the phases that need it and are skipped', async ({ hosts }) => {
    const { events } = await run(hosts, [forming(() => REFUSAL), needing]);
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'host-finished',
        phase: 'keystone',
        note: 'it needs galera: "Form the cluster" was refused: controller3 holds data of another cluster',
      }),
    );
  });

  it('after changes keeps the outcome of the hosts that were changed', async ({ hosts }) => {
    let round = 0;
    const book = forming(([first]) => {
      round += 1;
      if (round > 1 || !first) return REFUSAL;
      const change = { summary: 'look closer', script: 'true', touches: [] };
      return { verdict: 'change', because: 'it is not known', stages: [[{ host: first.name, change }]] };
    });
    const { outcomes, summary } = await run(hosts, [book]);
    expect(outcomes.slice(0, 3)).toEqual([
      'controller1 form-the-cluster changed',
      'controller2 form-the-cluster skipped',
      'controller3 form-the-cluster skipped',
    ]);
    expect(summary).toMatchObject({ changes: 1, failed: 0 });
  });

  it('caused by a member’s unexpected answer is reported for that member, not for the first host', async ({
    hosts,
  }) => {
    const book = aPlaybook('cluster', (members) => {
      const operation = allJoined(members);
      const reasons: ClusterOperation<string> = {
        ...operation,
        probe: (member) => ({
          ...operation.probe(member),
          script: 'echo "$HOST"',
          parse: ({ stdout }) => {
            if (stdout.trim() === 'controller3') throw new ProbeError('no table of members');
            if (stdout.trim() === 'controller2') JSON.parse('{"status":');
            return 'joined';
          },
        }),
        decide: (answers) => {
          const silent = [...answers].flatMap(([host, answer]) =>
            answer.reachable ? [] : [`${host}: ${answer.reason}`],
          );
          return { verdict: 'refuse', reason: silent.join('; '), hint: 'see its log' };
        },
      };
      return [step('Join', reasons)];
    });
    const { summary, outcomes } = await run(hosts, [book, other]);
    expect(summary.refused).toMatch(
      /^cluster: controller2: unexpected probe output: .*JSON.*; controller3: no table of members$/,
    );
    expect(outcomes).toContain('controller1 write changed');
  });
});

describe('a step that fails as a whole', () => {
  it.for<[string, (host: string) => ClusterDecision, string]>([
    [
      'does not converge',
      (host) => ({
        verdict: 'change',
        because: 'a member is missing',
        stages: [[{ host, change: { summary: 'join', script: 'true', touches: [] } }]],
      }),
      'Form the cluster: not converged after apply; still pending: join on controller2',
    ],
    [
      'is decided by a defect',
      () => {
        throw new TypeError('nothing here');
      },
      'osha itself failed: TypeError: nothing here',
    ],
  ])(
    'because it %s is no host’s failure, and the run ends with 1',
    async ([, decide, message], { hosts }) => {
      const ran = await run(hosts, [forming(() => decide('controller2')), needing, other]);
      expect(stepEnd(ran, 'form-the-cluster')).toMatchObject({
        outcome: 'failed',
        failure: { message: expect.stringContaining(message) as string },
      });
      expect(Object.values(ran.summary.hosts).map(({ failed }) => failed)).toEqual([0, 0, 0]);
      expect(ran.summary).toMatchObject({ failed: 1 });
      expect(exitCodeOf(ran.summary)).toBe(1);
      expect(ran.outcomes.filter((outcome) => outcome.endsWith('write changed'))).toHaveLength(3);
      expect(existsSync(join(hosts.disk('controller1'), 'needing'))).toBe(false);
    },
  );

  it('because a cluster never converges ends after six rounds, and names what is pending', async ({
    hosts,
  }) => {
    let round = 0;
    const ran = await run(hosts, [
      forming(() => {
        round += 1;
        const change = { summary: `try ${round}`, script: 'true', touches: [] };
        return { verdict: 'change', because: 'x', stages: [[{ host: 'controller1', change }]] };
      }),
    ]);
    expect(ran.events.filter((event) => event.event === 'change')).toHaveLength(6);
    expect(stepEnd(ran, 'form-the-cluster')).toMatchObject({
      failure: {
        message:
          'Form the cluster: not converged after 6 rounds of changes; still pending: try 7 on controller1',
      },
    });
  });

  it('because of an unhealthy check that names no host counts for no host', async ({ hosts }) => {
    const book = aPlaybook('p', (members) => [
      verify(
        'Answers',
        {
          ...healthy(members),
          title: 'The VIP answers',
          judge: () => [{ subject: 'VIP', healthy: false, evidence: 'nobody holds it' }],
        },
        { within: 10 },
      ),
    ]);
    const ran = await run(hosts, [book, other]);
    expect(ran.outcomes.slice(0, 3)).toEqual(ALL.map((host) => `${host} answers skipped`));
    expect(stepEnd(ran, 'answers')).toMatchObject({
      outcome: 'failed',
      failure: {
        message: 'timed out after 0 s waiting for "The VIP answers"',
        output: 'VIP: nobody holds it',
      },
    });
    expect(ran.summary).toMatchObject({ failed: 1, changes: 3 });
  });
});

describe('a change that fails on a host', () => {
  it('counts for that host, wherever it stands in the list', async ({ hosts }) => {
    const change = { summary: 'join', script: 'exit 7', touches: [] };
    const ran = await run(hosts, [
      forming(() => ({ verdict: 'change', because: 'x', stages: [[{ host: 'controller2', change }]] })),
      other,
    ]);
    expect(ran.outcomes.slice(0, 3)).toEqual(
      [
        'controller1 form-the-cluster skipped',
        'controller3 form-the-cluster skipped',
        'controller2 form-the-cluster failed',
      ].toSorted(),
    );
    expect(stepEnd(ran, 'form-the-cluster')).toMatchObject({ outcome: 'failed' });
    expect(stepEnd(ran, 'form-the-cluster')).not.toHaveProperty('failure');
    expect(ran.summary.hosts['controller2']).toMatchObject({ failed: 1 });
    expect(ran.outcomes).toContain('controller1 write changed');
    expect(ran.outcomes).toContain('controller2 write skipped');
  });
});

it('a step’s outcome is the worst of its hosts', async ({ hosts }) => {
  const ran = await run(hosts, [other, aPlaybook('again', () => [step('Once', written('other', 'x'))])]);
  expect(stepEnd(ran, 'write')).toMatchObject({ outcome: 'changed' });
  expect(stepEnd(ran, 'once')).toMatchObject({ outcome: 'ok' });
});

describe('a cluster step while a member is gone', () => {
  const JOINED = ['controller1 form-the-cluster changed', 'controller2 form-the-cluster changed'];

  it('is decided by the others if its operation allows unreachable members', async ({ hosts }) => {
    hosts.takeDown('controller3');
    const { outcomes, summary } = await run(hosts, [independent]);
    expect(outcomes).toEqual(['controller3 form-the-cluster skipped', ...JOINED]);
    expect(exitCodeOf(summary)).toBe(4);
  });

  it('is not decided if no member can be reached', async ({ hosts }) => {
    for (const host of ALL) hosts.takeDown(host);
    const { summary } = await run(hosts, [independent]);
    expect(exitCodeOf(summary)).toBe(4);
  });

  it('is not decided if the member answers and was excluded', async ({ hosts }) => {
    const gate = {
      ...healthy(anInventory().hosts),
      judge: () => [{ host: 'controller3', subject: 'disk', healthy: false, evidence: 'full' }],
    };
    const { events } = await run(hosts, [independent], { gate });
    expect(events.filter((event) => event.event === 'change')).toEqual([]);
  });

  it('is not decided if its operation needs all members', async ({ hosts }) => {
    hosts.takeDown('controller3');
    const strict = aPlaybook('galera', (members) => [step('Form the cluster', allJoined(members))]);
    expect((await run(hosts, [strict])).events.filter((event) => event.event === 'change')).toEqual([]);
  });
});
