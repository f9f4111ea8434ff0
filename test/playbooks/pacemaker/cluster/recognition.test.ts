import { describe, expect, it } from 'vitest';
import { decideFormation } from '../../../../playbooks/pacemaker/cluster/formation.ts';
import { decideRecognition, type Wanted } from '../../../../playbooks/pacemaker/cluster/recognition.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { all, answersOf, lab, members, shipped, stopped, whole, type Sketch } from './members.ts';
import type { Transport } from '../../../../playbooks/pacemaker/cluster/corosync-conf.ts';

type Sketches = readonly (Sketch | 'silent')[];

function recognise(sketches: Sketches, wanted: Wanted = lab): ClusterDecision {
  return decideRecognition(members, answersOf(sketches), wanted);
}

function reason(decision: ClusterDecision): string {
  return decision.verdict === 'refuse' ? decision.reason : '';
}

const two = ['controller1', 'controller2'];
const multicast: Transport = { kind: 'udp', multicast: '239.255.1.1', port: 5410 };

describe('recognised accepts hosts', () => {
  it.each<[string, Sketches]>([
    ['in no cluster', [{}, {}, {}]],
    ['with only the example cluster of the package', [shipped, shipped, {}]],
    [
      'with a running example cluster of the package',
      [{ ...shipped, runsAs: 'debian', joined: 1, cibName: 'debian', cibNodes: 1, resources: 0 }, {}, {}],
    ],
    ['in the cluster of that name', [whole, stopped, whole]],
    ['when an unreachable member may also be in the cluster', [whole, whole, 'silent']],
    [
      'when a member with corosync.conf does not report its running cluster',
      [whole, { ...whole, runsAs: '' }, whole],
    ],
    ['when a member lost its corosync.conf', [whole, whole, { resources: 2, cibName: 'lab', cibNodes: 3 }]],
    ['when a member is not in the cluster yet', [{ nodes: two }, { nodes: two }, {}]],
  ])('%s', (_, sketches) => {
    expect(reason(recognise(sketches))).toBe('');
  });

  it.each<[string, Sketches, string]>([
    [
      'with another name than in the inventory',
      [whole, whole, whole].map((one) => ({ ...one, name: 'prod' })),
      'the cluster of controller1, controller2, controller3 is called prod; the inventory calls it lab',
    ],
    [
      'of another name with one of the members',
      [{}, {}, { nodes: ['somebody', 'controller3'], name: 'other' }],
      'the cluster of controller3 is called other; the inventory calls it lab',
    ],
    [
      'of another name that a member runs, regardless of its file',
      [{}, { ...shipped, runsAs: 'other', joined: 3 }, {}],
      'the cluster of controller2 is called other; the inventory calls it lab',
    ],
    [
      'of another name in the CIB of a member without corosync.conf',
      [whole, whole, { resources: 4, cibName: 'other' }],
      'the cluster of controller3 is called other; the inventory calls it lab',
    ],
    [
      'whose corosync.conf was edited to the right name while it runs as another one',
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
      'with the same name as another one',
      [whole, whole, { nodes: ['controller3'], uuid: 'two' }],
      'members are in different clusters of the same name',
    ],
    [
      'that runs without corosync.conf',
      [{}, { runsAs: 'lab' }, {}],
      'controller2 runs the cluster "lab", but has no corosync.conf for it',
    ],
    [
      'that may run, because Corosync is not stopped and does not respond',
      [{}, { runsAs: '' }, {}],
      'controller2 may run a cluster: Corosync is not stopped there, and its corosync.conf is missing',
    ],
    [
      'that may run, because Pacemaker is not stopped',
      [{}, { pacemaker: true }, {}],
      'controller2 may run a cluster: Pacemaker is not stopped there, and its corosync.conf is missing',
    ],
    [
      'with the corosync.conf of the package, but several members',
      [{ ...shipped, runsAs: 'debian', joined: 2 }, {}, {}],
      'the cluster of controller1 is called debian; the inventory calls it lab',
    ],
    [
      'on loopback addresses that is not the example of the package',
      [{ nodes: ['loopback'] }, {}, {}],
      'the cluster lab of controller1 has only loopback addresses, so no other host can join it',
    ],
    [
      'from which a member was removed while it was down',
      [{ nodes: two }, { nodes: two }, stopped],
      'controller3 has the corosync.conf of a cluster, but controller1 does not list it',
    ],
    [
      'whose stopped members have different node lists, so that several partitions could have quorum',
      [
        { nodes: two, running: false },
        { nodes: two, running: false },
        { nodes: ['controller3'], running: false },
      ],
      'the corosync.conf of controller3 lists other nodes than that of controller1',
    ],
    [
      'that grew while a member was down',
      [{ nodes: [...all, 'controller4'] }, stopped, { nodes: [...all, 'controller4'] }],
      'the corosync.conf of controller2 lists other nodes than that of controller1',
    ],
    [
      'that left resources on a host, but no corosync.conf',
      [{}, {}, { ...shipped, resources: 2 }],
      'controller3 has the configuration of a cluster (2 resources), but no corosync.conf',
    ],
    [
      'of several nodes that left its CIB on a host with the corosync.conf of the package',
      [whole, whole, { ...shipped, cibName: 'lab', cibNodes: 3 }],
      'controller3 has the configuration of the cluster lab (0 resources), but no corosync.conf',
    ],
    [
      'that an unreachable member may be in',
      [{}, {}, 'silent'],
      'no reachable member is in a cluster, but controller3 may be in one',
    ],
    [
      'that all of the unreachable members may be in',
      ['silent', 'silent', 'silent'],
      'no reachable member is in a cluster, but controller1, controller2, controller3 may be in one',
    ],
  ])('and refuses a cluster %s', (_, sketches, expected) => {
    expect(reason(recognise(sketches))).toBe(expected);
    const options = { ...lab, password: new Secret('hacluster', 'x'), corosyncConf: '/c' };
    expect(reason(decideFormation(members, answersOf(sketches), options))).toBe(expected);
  });

  it('and refuses a cluster that lists a host under another name', () => {
    const nodes = [...two, 'controller3'];
    const answers = answersOf([{ nodes }, { nodes }, { nodes }]);
    const renamed = members.map((host) => (host.name === 'controller3' ? { ...host, name: 'ctl3' } : host));
    const moved = new Map([...answers].map(([name, one]) => [name === 'controller3' ? 'ctl3' : name, one]));
    expect(reason(decideRecognition(renamed, moved, lab))).toBe(
      'the cluster lists ctl3 (192.0.2.13) as controller3',
    );
  });

  it('a refusal explains how to keep the cluster and how to destroy it', () => {
    const other = [whole, whole, whole].map((one) => ({ ...one, name: 'prod' }));
    expect(recognise(other)).toMatchObject({
      hint: 'to keep it: set pacemaker: { cluster_name: prod }, or the inventory name with which it was deployed; to destroy it with everything it runs: pcs cluster destroy --all, on controller1',
    });
    expect(recognise(other, { ...lab, keep: (name) => `call it ${name}` })).toMatchObject({
      hint: expect.stringContaining('to keep it: call it prod;') as string,
    });
  });

  it('recognised accepts a former name from the same inventory', () => {
    const before = [whole, whole, whole].map((one) => ({ ...one, name: 'lab-api' }));
    expect(recognise(before, { ...lab, formerNames: ['lab-api'] }).verdict).toBe('converged');
    expect(recognise(before, { ...lab, formerNames: ['lab-web'] }).verdict).toBe('refuse');
  });

  it.each<[string, Transport | undefined, Transport, string]>([
    ['the wanted one', { kind: 'knet' }, { kind: 'knet' }, ''],
    ['any, when the inventory does not set it', undefined, { kind: 'udpu' }, ''],
    [
      'another one',
      { kind: 'udpu' },
      { kind: 'knet' },
      'the cluster of controller1 uses the transport knet; the inventory wants udpu',
    ],
    [
      'another multicast address',
      multicast,
      { ...multicast, multicast: '239.255.1.2' },
      'the cluster of controller1 uses the transport udp with multicast 239.255.1.2:5410; the inventory wants udp with multicast 239.255.1.1:5410',
    ],
  ])('an existing cluster is never rebuilt for its transport: %s', (_, wanted, transport, refusal) => {
    const sketches = [whole, whole, whole].map((one) => ({ ...one, transport }));
    expect(reason(recognise(sketches, { ...lab, transport: wanted }))).toBe(refusal);
  });
});
