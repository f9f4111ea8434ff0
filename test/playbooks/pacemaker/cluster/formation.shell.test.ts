import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { decideFormation } from '../../../../playbooks/pacemaker/cluster/formation.ts';
import { startScript, type Company } from '../../../../playbooks/pacemaker/cluster/start.ts';
import type { Transport } from '../../../../playbooks/pacemaker/cluster/transport.ts';
import { LIMITS } from '../../../../src/playbook/limits.ts';
import type { ClusterDecision, ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';
import { all, answersOf, inWords, members, shipped, stopped, whole, type Sketch } from './members.ts';

const options = {
  name: 'lab',
  password: new Secret('hacluster', 'not-to-be-seen-anywhere'),
  corosyncConf: '/etc/corosync/corosync.conf',
};

function decide(...sketches: readonly (Sketch | 'silent')[]): ClusterDecision {
  return decideFormation(members, answersOf(sketches), options);
}

const SETUP =
  'controller1: authenticate pcs on controller1, controller2, controller3 + controller1: set up the cluster lab of controller1, controller2, controller3';
const two = ['controller1', 'controller2'];

/** What stands against a cluster is in the table of cases of its recognition. */
describe('forming a Pacemaker cluster', () => {
  it.each<[string, readonly (Sketch | 'silent')[], readonly string[]]>([
    ['leaves a whole cluster as it is', [whole, whole, whole], []],
    ['sets one up where no member is in one', [{}, {}, {}], [SETUP]],
    ['takes the cluster of one that a package brings for none', [shipped, {}, {}], [SETUP]],
    ['leaves a cluster as it is of which one member is silent', [whole, whole, 'silent'], []],
    [
      'starts members that are stopped, all at the same time: alone none would have a quorum',
      [stopped, stopped, stopped],
      [all.map((host) => `${host}: start Corosync and Pacemaker`).join(' + ')],
    ],
    [
      'starts Pacemaker where Corosync runs alone',
      [whole, { ...whole, pacemaker: false }, whole],
      ['controller2: start Corosync and Pacemaker'],
    ],
    [
      'does nothing to a member whose Corosync runs and does not answer',
      [whole, { ...whole, runsAs: '' }, whole],
      [],
    ],
    [
      'does nothing where no member says as what it runs: all of them may serve',
      [
        { ...whole, runsAs: '' },
        { ...whole, runsAs: '' },
        { ...whole, runsAs: '' },
      ],
      [],
    ],
    [
      'adds a member to the cluster that is there, through one that runs',
      [{ nodes: two }, { nodes: two }, {}],
      ['controller1: add controller3 to the cluster'],
    ],
    [
      'adds it through the member that sees most others',
      [{ nodes: two, joined: 1, running: false, pacemaker: false }, { nodes: two, joined: 1 }, {}],
      ['controller1: start Corosync and Pacemaker', 'controller2: add controller3 to the cluster'],
    ],
    [
      'adds none while a member that is listed is silent: it would keep the old list',
      [{ nodes: two }, 'silent', {}],
      [
        'refuse: controller3 cannot be added to the cluster while controller2, which it lists, does not answer',
      ],
    ],
    [
      'adds none while members do not see each other',
      [{ nodes: two, joined: 1 }, { nodes: two, joined: 1 }, {}],
      [
        'refuse: controller3 cannot be added to the cluster while its members do not see each other: controller1 sees 1 of 2 that run',
      ],
    ],
    [
      'starts what is stopped before it refuses to add anything',
      [stopped, 'silent', {}],
      ['controller1: start Corosync and Pacemaker'],
    ],
    [
      'adds a member to a cluster that has nodes which the inventory does not name',
      [{ nodes: [...two, 'controller4'] }, { nodes: [...two, 'controller4'] }, {}],
      ['controller1: add controller3 to the cluster'],
    ],
    [
      'authenticates where pcs may not log in, and restarts nothing',
      [{ ...whole, locked: ['controller2'] }, whole, whole],
      ['controller1: authenticate pcs on controller1, controller2, controller3'],
    ],
    [
      'brings back a member that lost its file, whatever it remembers of the configuration',
      [whole, whole, { resources: 2 }],
      [
        'controller1: take controller3 out of the cluster, to be added again',
        'controller1: add controller3 to the cluster',
      ],
    ],
    [
      'finishes a setup that reached one member only',
      [stopped, {}, {}],
      [
        'controller1: start Corosync and Pacemaker',
        'controller1: take controller2, controller3 out of the cluster, to be added again',
        'controller1: add controller2 to the cluster',
        'controller1: add controller3 to the cluster',
      ],
    ],
    [
      'leaves members alone that the inventory does not name',
      [
        { nodes: [...all, 'controller4'] },
        { nodes: [...all, 'controller4'] },
        { nodes: [...all, 'controller4'] },
      ],
      [],
    ],
  ])('%s', (_, sketches, expected) => {
    expect(inWords(decide(...sketches))).toEqual(expected);
  });

  const pair: Sketch = { nodes: two };
  const idle: Sketch = { nodes: two, pacemaker: false };
  it.each<[string, readonly (Sketch | 'silent')[], Company]>([
    ['a majority, where others run', [whole, stopped, whole], 'majority'],
    ['a majority, where others are silent and may run', [stopped, 'silent', 'silent'], 'majority'],
    [
      'a majority, where all are stopped: they may not see each other',
      [stopped, stopped, stopped],
      'majority',
    ],
    ['the other one of two, whatever quorum it has kept', [idle, pair, {}], 'both'],
    ['the other one of two, which is silent and may run', [idle, 'silent', {}], 'both'],
    ['nobody, where nobody else can run anything', [stopped, {}, {}], 'nobody'],
  ])('starts Pacemaker only where a member sees %s', (_, sketches, company) => {
    const decision = decide(...sketches);
    const scripts =
      decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change.script) : [];
    expect(scripts).toContain(startScript(company));
  });

  it('gives the password on stdin, and nowhere else', () => {
    const decision = decide({}, {}, {});
    expect(JSON.stringify(decision)).not.toContain(options.password.reveal());
    const changes = decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change) : [];
    expect(changes.every((change) => !change.script.includes(options.password.reveal()))).toBe(true);
    expect(changes[0]?.input?.toString()).toBe('<secret hacluster>\n');
  });

  const multicast: Transport = { kind: 'udp', multicast: '239.255.1.1', port: 5410 };

  it.each<[string, Transport | undefined, string]>([
    ['knet, which pcs takes by itself', undefined, 'controller3 addr=192.0.2.13 --enable'],
    ['udpu', { kind: 'udpu' }, 'controller3 addr=192.0.2.13 transport udpu --enable'],
    [
      'udp',
      multicast,
      'controller3 addr=192.0.2.13 transport udp link mcastaddr=239.255.1.1 mcastport=5410 --enable',
    ],
  ])('sets one up that speaks %s', (_, transport, expected) => {
    const decision = decideFormation(members, answersOf([{}, {}, {}]), { ...options, transport });
    const scripts =
      decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change.script) : [];
    expect(scripts.join()).toContain(expected);
  });
});

describe('pcs cluster setup, on a shell', () => {
  let folder: string;
  beforeEach(() => (folder = folderForTest()));

  /** How the change ends where pcs answers `cluster setup` with these, one at a time, and what pcs was run for. */
  function setUp(answers: readonly string[]): ProbeAnswer & { readonly calls: readonly string[] } {
    const decision = decideFormation(members, answersOf([{}, {}, {}]), options);
    const change = decision.verdict === 'change' ? decision.stages.flat()[1]?.change : undefined;
    answers.forEach((answer, index) => writeFileSync(join(folder, `answer${index}`), answer));
    writeFileSync(
      join(folder, 'pcs'),
      `#!/bin/sh
n=$(ls ${folder}/call* 2>/dev/null | wc -l)
echo "$@" >${folder}/call$n
[ "$2" = setup ] || exit 0
cat ${folder}/answer$n >&2
[ ! -s ${folder}/answer$n ]
`,
      { mode: 0o755 },
    );
    const ended = runHere(`set -e\nPATH="${folder}:$PATH"\n${change?.script ?? 'exit 99'}`);
    const calls = readdirSync(folder).filter((name) => name.startsWith('call'));
    return { ...ended, calls: calls.map((name) => readFileSync(join(folder, name), 'utf8').trim()) };
  }

  const SLOW =
    'Error: controller2: Connection timeout, try setting higher timeout with --request-timeout option (Operation timed out after 60001 milliseconds)\n';

  it('starts the cluster apart, with limits that follow from --timeout', () => {
    const { exitCode, calls } = setUp(['']);
    expect(exitCode).toBe(0);
    expect(calls[0]).toMatch(/^cluster setup lab .* --enable$/);
    expect(calls[1]).toBe(
      `cluster start --all --request-timeout=${LIMITS.pcsRequest} --wait=${LIMITS.pacemakerForms}`,
    );
    expect(calls).toHaveLength(2);
  });

  it('is tried again where a host was too slow for one of its requests', () => {
    const { exitCode, stderr, calls } = setUp([SLOW, SLOW, '']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('controller2: Connection timeout');
    expect(calls.filter((call) => call.startsWith('cluster setup'))).toHaveLength(3);
  });

  it.each([
    ['anything else', ["Error: The host 'controller2' seems to be in a cluster already\n"], 1],
    ['what a slow host led to', [SLOW, "Error: 'controller2' seems to be in a cluster already\n"], 2],
  ])('is not tried again for %s', (_what, answers, count) => {
    const { exitCode, stderr, calls } = setUp(answers);
    expect(exitCode).toBe(1);
    expect(calls).toHaveLength(count);
    expect(stderr).toContain('seems to be in a cluster already');
  });
});
