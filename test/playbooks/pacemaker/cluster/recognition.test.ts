import { describe, expect, it } from 'vitest';
import type { Wanted } from '../../../../playbooks/pacemaker/cluster/conflict.ts';
import { decideFormation } from '../../../../playbooks/pacemaker/cluster/formation.ts';
import { decideRecognition } from '../../../../playbooks/pacemaker/cluster/recognition.ts';
import type { Transport } from '../../../../playbooks/pacemaker/cluster/transport.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { all, answersOf, lab, members, shipped, stopped, whole, type Sketch } from './members.ts';

type Sketches = readonly (Sketch | 'silent')[];

function recognise(sketches: Sketches, wanted: Wanted = lab): ClusterDecision {
  return decideRecognition(members, answersOf(sketches), wanted);
}

function reason(decision: ClusterDecision): string {
  return decision.verdict === 'refuse' ? decision.reason : '';
}

const two = ['controller1', 'controller2'];
const multicast: Transport = { kind: 'udp', multicast: '239.255.1.1', port: 5410 };

describe('the cluster of the hosts is recognised, before anything is changed', () => {
  it.each<[string, Sketches]>([
    ['where they are in none', [{}, {}, {}]],
    ['where they only have what a package came with', [shipped, shipped, {}]],
    [
      'where what a package came with runs',
      [{ ...shipped, runsAs: 'debian', joined: 1, cibName: 'debian', cibNodes: 1, resources: 0 }, {}, {}],
    ],
    ['where they are in the one of that name', [whole, stopped, whole]],
    ['where one that is silent may be in it as well', [whole, whole, 'silent']],
    ['where one does not say as what it runs, and has its file', [whole, { ...whole, runsAs: '' }, whole]],
    ['where one lost its file', [whole, whole, { resources: 2, cibName: 'lab', cibNodes: 3 }]],
    ['where one is not in it yet', [{ nodes: two }, { nodes: two }, {}]],
  ])('%s', (_, sketches) => {
    expect(reason(recognise(sketches))).toBe('');
  });

  it.each<[string, Sketches, string]>([
    [
      'that the inventory calls by another name',
      [whole, whole, whole].map((one) => ({ ...one, name: 'prod' })),
      'the cluster of controller1, controller2, controller3 is called prod; the inventory calls it lab',
    ],
    [
      'that one of them is in, and that is called something else',
      [{}, {}, { nodes: ['somebody', 'controller3'], name: 'other' }],
      'the cluster of controller3 is called other; the inventory calls it lab',
    ],
    [
      'of another name that one runs, whatever file it has by now',
      [{}, { ...shipped, runsAs: 'other', joined: 3 }, {}],
      'the cluster of controller2 is called other; the inventory calls it lab',
    ],
    [
      'of another name that one remembers, though it lost the file',
      [whole, whole, { resources: 4, cibName: 'other' }],
      'the cluster of controller3 is called other; the inventory calls it lab',
    ],
    [
      'that only an edited file calls by the right name, while it runs as another one',
      [
        { ...whole, runsAs: 'old' },
        { ...whole, runsAs: 'old' },
        { ...whole, runsAs: 'old' },
      ],
      'the cluster of controller1, controller2, controller3 is called old; the inventory calls it lab',
    ],
    [
      'without a name',
      [{ ...stopped, name: '' }, {}, {}],
      'the cluster of controller1 has no name in its corosync.conf; the inventory calls it lab',
    ],
    [
      'of the same name as another one',
      [whole, whole, { nodes: ['controller3'], uuid: 'two' }],
      'members are in different clusters of the same name',
    ],
    [
      'that runs without its file',
      [{}, { runsAs: 'lab' }, {}],
      'controller2 runs the cluster "lab", but has no corosync.conf of it',
    ],
    [
      'that may run: Corosync is not stopped, and does not answer',
      [{}, { runsAs: '' }, {}],
      'controller2 may run a cluster: Corosync is not stopped there, and no corosync.conf says of which',
    ],
    [
      'that may run: Pacemaker is not stopped',
      [{}, { pacemaker: true }, {}],
      'controller2 may run a cluster: Pacemaker is not stopped there, and no corosync.conf says of which',
    ],
    [
      'that has the file of a package, and more than that one member',
      [{ ...shipped, runsAs: 'debian', joined: 2 }, {}, {}],
      'the cluster of controller1 is called debian; the inventory calls it lab',
    ],
    [
      'on loopback that no package came with',
      [{ nodes: ['loopback'] }, {}, {}],
      'the cluster lab of controller1 has addresses of loopback only, so that no other host can be in it',
    ],
    [
      'from which one was removed while it was down',
      [{ nodes: two }, { nodes: two }, stopped],
      'controller3 has the corosync.conf of a cluster in which controller1 does not list it',
    ],
    [
      'whose stopped members list different nodes: each part could have a quorum',
      [
        { nodes: two, running: false },
        { nodes: two, running: false },
        { nodes: ['controller3'], running: false },
      ],
      'the corosync.conf of controller3 lists other nodes than that of controller1',
    ],
    [
      'that grew while one was down',
      [{ nodes: [...all, 'controller4'] }, stopped, { nodes: [...all, 'controller4'] }],
      'the corosync.conf of controller2 lists other nodes than that of controller1',
    ],
    [
      'of which something is left, and no file that tells which',
      [{}, {}, { ...shipped, resources: 2 }],
      'controller3 holds the configuration of a cluster (2 resources), and no corosync.conf of it',
    ],
    [
      'of several nodes of which something is left, on a host with the file of a package',
      [whole, whole, { ...shipped, cibName: 'lab', cibNodes: 3 }],
      'controller3 holds the configuration of the cluster lab (0 resources), and no corosync.conf of it',
    ],
    [
      'that a silent member may be in',
      [{}, {}, 'silent'],
      'no member that answers is in a cluster, and controller3 may be in one',
    ],
    [
      'that all of them may be in, and none answers',
      ['silent', 'silent', 'silent'],
      'no member that answers is in a cluster, and controller1, controller2, controller3 may be in one',
    ],
  ])('or refused: a cluster %s', (_, sketches, expected) => {
    expect(reason(recognise(sketches))).toBe(expected);
    const options = { ...lab, password: new Secret('hacluster', 'x'), corosyncConf: '/c' };
    expect(reason(decideFormation(members, answersOf(sketches), options))).toBe(expected);
  });

  it('or refused: a cluster that knows a host by another name', () => {
    const nodes = [...two, 'controller3'];
    const answers = answersOf([{ nodes }, { nodes }, { nodes }]);
    const renamed = members.map((host) => (host.name === 'controller3' ? { ...host, name: 'ctl3' } : host));
    const moved = new Map([...answers].map(([name, one]) => [name === 'controller3' ? 'ctl3' : name, one]));
    expect(reason(decideRecognition(renamed, moved, lab))).toBe(
      'the cluster knows ctl3 (192.0.2.13) by the name controller3',
    );
  });

  it('a refusal says how to keep the cluster, and how to give it up', () => {
    const other = [whole, whole, whole].map((one) => ({ ...one, name: 'prod' }));
    expect(recognise(other)).toMatchObject({
      hint: 'to keep that cluster: write pacemaker: { cluster_name: prod }, or the name that it was deployed with; to give it up with everything it runs: pcs cluster destroy --all, on controller1',
    });
    expect(recognise(other, { ...lab, keep: (name) => `call it ${name}` })).toMatchObject({
      hint: expect.stringContaining('to keep that cluster: call it prod;') as string,
    });
  });

  it('by a name that the same inventory gave it before', () => {
    const before = [whole, whole, whole].map((one) => ({ ...one, name: 'lab-api' }));
    expect(recognise(before, { ...lab, formerNames: ['lab-api'] }).verdict).toBe('converged');
    expect(recognise(before, { ...lab, formerNames: ['lab-web'] }).verdict).toBe('refuse');
  });

  it.each<[string, Transport | undefined, Transport, string]>([
    ['the wanted one', { kind: 'knet' }, { kind: 'knet' }, ''],
    ['any, where the inventory leaves it open', undefined, { kind: 'udpu' }, ''],
    [
      'another one',
      { kind: 'udpu' },
      { kind: 'knet' },
      'the cluster of controller1 speaks knet, and not udpu',
    ],
    [
      'another multicast address',
      multicast,
      { ...multicast, multicast: '239.255.1.2' },
      'the cluster of controller1 speaks udp with multicast 239.255.1.2:5410, and not udp with multicast 239.255.1.1:5410',
    ],
  ])('never rebuilds a living one for its transport: it speaks %s', (_, wanted, transport, refusal) => {
    const sketches = [whole, whole, whole].map((one) => ({ ...one, transport }));
    expect(reason(recognise(sketches, { ...lab, transport: wanted }))).toBe(refusal);
  });
});
