import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  decideFormation,
  startScript,
  type Company,
} from '../../../../playbooks/pacemaker/cluster/formation.ts';
import { LIMITS } from '../../../../src/playbook/limits.ts';
import type { ClusterDecision, ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';
import { all, answersOf, inWords, members, shipped, stopped, whole, type Sketch } from './members.ts';
import type { Transport } from '../../../../playbooks/pacemaker/cluster/corosync-conf.ts';

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
/** Members of a cluster with a fourth node, and how many nodes each of them sees. */
const four = (...joined: readonly number[]): readonly Sketch[] =>
  joined.map((count) => ({ nodes: [...all, 'controller4'], joined: count }));
const two = ['controller1', 'controller2'];

/** Conflicts are tested in recognition.test.ts. */
describe('forming a Pacemaker cluster', () => {
  it.each<[string, readonly (Sketch | 'silent')[], readonly string[]]>([
    ['leaves a complete cluster unchanged', [whole, whole, whole], []],
    ['sets up a cluster when no member is in one', [{}, {}, {}], [SETUP]],
    ['ignores the example cluster of the package', [shipped, {}, {}], [SETUP]],
    ['leaves a cluster with an unreachable member unchanged', [whole, whole, 'silent'], []],
    [
      'starts stopped members at the same time, because none would have quorum alone',
      [stopped, stopped, stopped],
      [all.map((host) => `${host}: start Corosync and Pacemaker`).join(' + ')],
    ],
    [
      'starts Pacemaker where only Corosync runs',
      [whole, { ...whole, pacemaker: false }, whole],
      ['controller2: start Corosync and Pacemaker'],
    ],
    [
      'leaves a member alone whose Corosync runs but does not respond',
      [whole, { ...whole, runsAs: '' }, whole],
      [],
    ],
    [
      'leaves members alone that do not report their running cluster, because they may serve',
      [
        { ...whole, runsAs: '' },
        { ...whole, runsAs: '' },
        { ...whole, runsAs: '' },
      ],
      [],
    ],
    [
      'adds a member to the existing cluster through a running one',
      [{ nodes: two }, { nodes: two }, {}],
      ['controller1: add controller3 to the cluster'],
    ],
    [
      'adds a member through the one that sees the most others',
      [{ nodes: two, joined: 1, running: false, pacemaker: false }, { nodes: two, joined: 1 }, {}],
      ['controller1: start Corosync and Pacemaker', 'controller2: add controller3 to the cluster'],
    ],
    [
      'adds no member while a listed one is unreachable and would keep the old node list',
      [{ nodes: two }, 'silent', {}],
      ['refuse: controller3 cannot be added to the cluster while its node controller2 does not respond'],
    ],
    [
      'adds no member while others do not see each other',
      [{ nodes: two, joined: 1 }, { nodes: two, joined: 1 }, {}],
      [
        'refuse: controller3 cannot be added to the cluster while its members do not see each other: controller1 sees 1 of 2 that run',
      ],
    ],
    [
      'starts stopped members before it refuses to add any',
      [stopped, 'silent', {}],
      ['controller1: start Corosync and Pacemaker'],
    ],
    [
      'adds a member to a cluster with nodes outside the inventory',
      [{ nodes: [...two, 'controller4'] }, { nodes: [...two, 'controller4'] }, {}],
      ['controller1: add controller3 to the cluster'],
    ],
    [
      'offers a node outside the inventory for removal when no member sees it',
      four(3, 3, 3),
      ['controller1: remove controller4 from the cluster (not in the inventory, offline)'],
    ],
    ['leaves a node outside the inventory alone while it is online', four(4, 4, 4), []],
    ['leaves a node outside the inventory alone while the members do not see each other', four(3, 2, 3), []],
    [
      'leaves a node outside the inventory alone while a member is unreachable',
      [...four(2, 2), 'silent'],
      [],
    ],
    [
      'authenticates pcs without any restart',
      [{ ...whole, locked: ['controller2'] }, whole, whole],
      ['controller1: authenticate pcs on controller1, controller2, controller3'],
    ],
    [
      'adds a member again that lost its corosync.conf, even if it has a CIB',
      [whole, whole, { resources: 2 }],
      [
        'controller1: remove controller3 from the cluster, to add it again',
        'controller1: add controller3 to the cluster',
      ],
    ],
    [
      'completes a setup that reached only one member',
      [stopped, {}, {}],
      [
        'controller1: start Corosync and Pacemaker',
        'controller1: remove controller2, controller3 from the cluster, to add it again',
        'controller1: add controller2 to the cluster',
        'controller1: add controller3 to the cluster',
      ],
    ],
    [
      'leaves nodes outside the inventory alone',
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
    ['a majority, when others run', [whole, stopped, whole], 'majority'],
    ['a majority, when others are unreachable and may run', [stopped, 'silent', 'silent'], 'majority'],
    ['a majority, when all are stopped and may not see each other', [stopped, stopped, stopped], 'majority'],
    ['the other one of two, even with quorum', [idle, pair, {}], 'both'],
    ['the other one of two, which is unreachable and may run', [idle, 'silent', {}], 'both'],
    ['no other member, when none can run anything', [stopped, {}, {}], 'nobody'],
  ])('starts Pacemaker only where a member sees %s', (_, sketches, company) => {
    const decision = decide(...sketches);
    const scripts =
      decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change.script) : [];
    expect(scripts).toContain(startScript(company));
  });

  it('passes the password only on stdin', () => {
    const decision = decide({}, {}, {});
    expect(JSON.stringify(decision)).not.toContain(options.password.reveal());
    const changes = decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change) : [];
    expect(changes.every((change) => !change.script.includes(options.password.reveal()))).toBe(true);
    expect(changes[0]?.input?.toString()).toBe('<secret hacluster>\n');
  });

  const multicast: Transport = { kind: 'udp', multicast: '239.255.1.1', port: 5410 };

  it.each<[string, Transport | undefined, string]>([
    ['knet, the default of pcs', undefined, 'controller3 addr=192.0.2.13 --enable'],
    ['udpu', { kind: 'udpu' }, 'controller3 addr=192.0.2.13 transport udpu --enable'],
    [
      'udp',
      multicast,
      'controller3 addr=192.0.2.13 transport udp link mcastaddr=239.255.1.1 mcastport=5410 --enable',
    ],
  ])('sets up a cluster with the transport %s', (_, transport, expected) => {
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

  it('starts the cluster with a separate command, with limits that follow from --timeout', () => {
    const { exitCode, calls } = setUp(['']);
    expect(exitCode).toBe(0);
    expect(calls[0]).toMatch(/^cluster setup lab .* --enable$/);
    expect(calls[1]).toBe(
      `cluster start --all --request-timeout=${LIMITS.pcsRequest} --wait=${LIMITS.pacemakerForms}`,
    );
    expect(calls).toHaveLength(2);
  });

  it('is retried when a host was too slow for a request', () => {
    const { exitCode, stderr, calls } = setUp([SLOW, SLOW, '']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('controller2: Connection timeout');
    expect(calls.filter((call) => call.startsWith('cluster setup'))).toHaveLength(3);
  });

  it.each([
    ['anything else', ["Error: The host 'controller2' seems to be in a cluster already\n"], 1],
    ['the result of a slow host', [SLOW, "Error: 'controller2' seems to be in a cluster already\n"], 2],
  ])('is not retried for %s', (_what, answers, count) => {
    const { exitCode, stderr, calls } = setUp(answers);
    expect(exitCode).toBe(1);
    expect(calls).toHaveLength(count);
    expect(stderr).toContain('seems to be in a cluster already');
  });
});
