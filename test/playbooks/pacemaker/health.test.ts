import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DesiredResources } from '../../../playbooks/pacemaker/cluster/desired.ts';
import { adviseCluster, judgeCluster } from '../../../playbooks/pacemaker/health.ts';
import type { Answer, Finding } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';
import { parseMonitor } from '../../../playbooks/pacemaker/cluster/resource-state.ts';
import { parseMemberView, type MemberView } from '../../../playbooks/pacemaker/cluster/health-cluster.ts';

const members = [aHost('controller1'), aHost('controller2'), aHost('controller3')];
const vips = [
  {
    name: 'api',
    address: '172.29.77.20',
    prefixLength: 24,
    interface: 'eth0',
    by: 'pacemaker' as const,
    haproxy: true,
    holders: members.map((host) => host.name),
  },
];

function fixtureOf(name: string): string {
  return readFileSync(join(import.meta.dirname, 'cluster/fixtures', name), 'utf8');
}

function view(fixture: string | undefined, ...addresses: readonly string[]): Answer<MemberView> {
  const monitor = fixture === undefined ? undefined : parseMonitor(fixtureOf(fixture));
  return seen({ addresses: new Set(addresses), ...(monitor ? { monitor } : {}) });
}

function seen(observed: Partial<MemberView>): Answer<MemberView> {
  return {
    reachable: true,
    observed: { addresses: new Set(), constraints: [], made: new Set(), ...observed },
  };
}

const resource = (id: string): DesiredResources['resources'][number] => ({
  id,
  agent: `systemd:${id}`,
  options: {},
  monitorSeconds: 10,
});
const desired: DesiredResources = {
  properties: {},
  defaults: {},
  resources: [{ ...resource('haproxy'), clone: true }, resource('vip-api')],
  groups: [],
  fences: [],
  constraints: [],
};

function judge(...views: readonly Answer<MemberView>[]): readonly Finding[] {
  const answers = new Map(members.map((host, index) => [host.name, views[index] ?? view(undefined)]));
  return judgeCluster(members, answers, { vips, desired });
}

function complaints(...views: readonly Answer<MemberView>[]): readonly string[] {
  return judge(...views)
    .filter((finding) => !finding.healthy)
    .map(({ host, subject, evidence }) => `${host ?? 'cluster'}: ${subject}: ${evidence}`);
}

const VIP = '172.29.77.20';
const whole = (address?: string): Answer<MemberView> => view('crm-mon.xml', ...(address ? [address] : []));

const lost = (address?: string): Answer<MemberView> =>
  view('crm-mon-member-lost.xml', ...(address ? [address] : []));
const cutOff = (): Answer<MemberView> => {
  const own = whole();
  const { monitor } = own.reachable ? own.observed : {};
  return seen(monitor ? { monitor: { ...monitor, quorate: false } } : {});
};

describe('the health of a Pacemaker cluster', () => {
  it('is healthy when all members are online and one holds the virtual IP', () => {
    expect(complaints(whole(VIP), whole(), whole())).toEqual([]);
  });

  it.each<[string, readonly Answer<MemberView>[], readonly string[]]>([
    [
      'no host holds the virtual IP',
      [whole(), whole(), whole()],
      [`cluster: virtual IP api: ${VIP} is not held by any host`],
    ],
    [
      'two hosts hold the virtual IP, regardless of the status',
      [whole(VIP), whole(), whole(VIP)],
      [`cluster: virtual IP api: ${VIP} on controller1 and controller3`],
    ],
    [
      'the virtual IP is on another host than in the cluster',
      [whole(), whole(VIP), whole()],
      [`cluster: virtual IP api: ${VIP} on controller2; the cluster runs it on controller1`],
    ],
    [
      'a member is down',
      [lost(VIP), { reachable: false, reason: 'no route' }, lost()],
      ['controller2: member: no route', 'cluster: haproxy: runs on 2 of 3'],
    ],
    [
      'a member is cut off, regardless of the order of answers',
      [cutOff(), whole(VIP), whole()],
      [
        'controller1: member: cut off from the other members',
        `cluster: virtual IP api: ${VIP} on controller2; the cluster runs it on controller1`,
      ],
    ],
    [
      'a resource failed on one member',
      [
        view('crm-mon-haproxy-failed.xml', VIP),
        view('crm-mon-haproxy-failed.xml'),
        view('crm-mon-haproxy-failed.xml'),
      ],
      ['cluster: haproxy: runs on 2 of 3; start failed on controller2 (failed)'],
    ],
    [
      'a member cannot be reached',
      [whole(VIP), whole(), { reachable: false, reason: 'no route' }],
      ['controller3: member: no route'],
    ],
    [
      'Pacemaker is not running on one member',
      [whole(VIP), whole(), view(undefined)],
      ['controller3: member: Pacemaker is not running'],
    ],
  ])('is unhealthy when %s', (_, views, expected) => {
    expect(complaints(...views)).toEqual(expected);
  });

  it.each<[string, string, string, string, string]>([
    [
      'a member is in standby',
      ' standby="false"',
      ' standby="true"',
      'member: standby',
      'to end this: osha host undrain INVENTORY controller1',
    ],
    [
      'a member is in maintenance mode',
      ' maintenance="false"',
      ' maintenance="true"',
      'member: maintenance',
      'to end this: pcs node unmaintenance controller1',
    ],
    [
      'the cluster is set to stop all resources',
      'stop-all-resources="false"',
      'stop-all-resources="true"',
      'maintenance: the cluster is set to stop all resources',
      'to end this: pcs property set stop-all-resources=false',
    ],
    [
      'a resource is unmanaged',
      'managed="true" failed="false" failure_ignored="false" nodes_running_on="1"',
      'managed="false" failed="false" failure_ignored="false" nodes_running_on="1"',
      'haproxy: haproxy is unmanaged: it is neither started nor stopped',
      'to end this: pcs resource manage haproxy',
    ],
  ])('explains how to end it when %s', (_, was, is, expected, hint) => {
    const xml = fixtureOf('crm-mon.xml').replace(was, is);
    const held = (address?: string): Answer<MemberView> =>
      seen({ monitor: parseMonitor(xml), addresses: new Set(address ? [address] : []) });
    const finding = judge(held(VIP), held(), held()).find(
      ({ healthy, ...rest }) => !healthy && rest.hint === hint,
    );
    expect(`${finding?.subject ?? ''}: ${finding?.evidence ?? ''}`).toBe(expected);
  });

  it('does not report a member as stopped that runs but does not respond', () => {
    expect(complaints(whole(VIP), whole(), seen({ mute: true }))).toEqual([
      'controller3: member: Pacemaker runs, but does not respond',
    ]);
  });

  it('has no coordinator when no member runs it', () => {
    expect(complaints(view(undefined), view(undefined), view(undefined))).toContain(
      'cluster: quorum: no coordinator',
    );
  });

  it('advises fencing while there is none, and does not report it as healthy', () => {
    const answers = new Map(members.map(({ name }) => [name, whole(VIP)]));
    expect(adviseCluster(members, answers, { desired })).toContainEqual(
      expect.objectContaining({
        subject: 'fencing',
        evidence: 'no fence device is declared: a member that hangs is not switched off',
      }),
    );
    expect(judge(whole(VIP), whole(), whole()).map(({ subject }) => subject)).not.toContain('fencing');
  });

  const gone: Answer<MemberView> = { reachable: false, reason: 'no route' };
  it.each<[string, readonly Answer<MemberView>[], readonly string[]]>([
    [
      'the members that answered hold no virtual IP',
      [whole(), gone, gone],
      [`virtual IP api: ${VIP} is not held by any host, of those that answered`],
    ],
    [
      'no cluster runs on the members that answered',
      [view(undefined), gone, gone],
      [
        'quorum: no coordinator, of those that answered',
        `virtual IP api: ${VIP} is not held by any host, of those that answered`,
        'haproxy: unknown: no cluster runs, of those that answered',
      ],
    ],
    [
      'no cluster runs on any member',
      [view(undefined), view(undefined), view(undefined)],
      [
        'quorum: no coordinator',
        `virtual IP api: ${VIP} is not held by any host`,
        'haproxy: unknown: no cluster runs',
      ],
    ],
  ])('reports only what is known when %s', (_, views, expected) => {
    const ofCluster = judge(...views).filter(({ host, healthy }) => host === undefined && !healthy);
    expect(ofCluster.map(({ subject, evidence }) => `${subject}: ${evidence}`)).toEqual(expected);
  });

  it('lists members and resources outside the inventory as advice', () => {
    const answers = new Map(members.slice(1).map((host) => [host.name, whole(VIP)]));
    const advice = adviseCluster(members.slice(1), answers, { desired });
    expect(advice.find(({ subject }) => subject === 'not in the inventory')).toEqual({
      subject: 'not in the inventory',
      evidence: 'member controller1, resource vip-database: left alone',
    });
  });

  describe('with a group', () => {
    const group: DesiredResources = {
      ...desired,
      resources: [],
      groups: [{ id: 'web', resources: [resource('vip-api'), resource('haproxy')] }],
    };
    const monitor = parseMonitor(fixtureOf('crm-mon.xml'));
    const on = (...hosts: readonly string[]): ReadonlySet<string> => new Set(hosts);

    it.each<[string, Record<string, ReadonlySet<string>>, readonly string[], boolean, string]>([
      [
        'is complete on one host',
        { 'vip-api': on('controller2'), haproxy: on('controller2') },
        ['vip-api', 'haproxy'],
        true,
        'vip-api, haproxy on controller2',
      ],
      [
        'is on two hosts',
        { 'vip-api': on('controller2'), haproxy: on('controller1') },
        ['vip-api', 'haproxy'],
        false,
        'vip-api, haproxy on controller2 and controller1',
      ],
      [
        'runs partly',
        { 'vip-api': on('controller2'), haproxy: on() },
        ['vip-api', 'haproxy'],
        false,
        'vip-api on controller2; haproxy stopped',
      ],
      [
        'lacks a resource',
        { 'vip-api': on('controller2'), haproxy: on('controller2') },
        ['vip-api'],
        false,
        'vip-api, haproxy on controller2; missing: haproxy',
      ],
      [
        'has the wrong order',
        { 'vip-api': on('controller2'), haproxy: on('controller2') },
        ['haproxy', 'vip-api'],
        false,
        'vip-api, haproxy on controller2; wrong order: haproxy, vip-api',
      ],
      ['runs nowhere', {}, ['vip-api', 'haproxy'], false, 'runs nowhere'],
    ])('that %s', (_, runsOn, order, healthy, evidence) => {
      const observed = {
        monitor: {
          ...monitor,
          runsOn: new Map(Object.entries(runsOn)),
          groups: new Map([['web', order]]),
        },
      };
      const answers = new Map(members.map((host) => [host.name, seen(observed)]));
      const findings = judgeCluster(members, answers, { vips, desired: group });
      expect(findings.find(({ subject }) => subject === 'group web')).toMatchObject({ healthy, evidence });
    });
  });

  it('distinguishes what osha created from what somebody else did', () => {
    const monitor = parseMonitor(fixtureOf('crm-mon.xml'));
    const made = seen({ monitor, addresses: new Set([VIP]), made: new Set(['vip-database']) });
    const answers = new Map(members.map((host) => [host.name, made]));
    const advice = adviseCluster(members, answers, { desired });
    expect(advice.find(({ subject }) => subject === 'no longer in the inventory')?.evidence).toBe(
      'resource vip-database (to remove: osha deploy INVENTORY --only pacemaker --prune)',
    );
    expect(advice.some(({ subject }) => subject === 'not in the inventory')).toBe(false);
  });

  it.each([
    ['lab', undefined],
    ['lab-api', undefined],
    ['other', 'the cluster is called other; the inventory calls it lab'],
  ])('checks the name of the cluster: %s', (cluster, expected) => {
    const { monitor } = parseMemberView({ stdout: `${fixtureOf('crm-mon.xml')}-- next\n` });
    const answers = new Map(
      members.map((host) => [host.name, seen({ ...(monitor ? { monitor } : {}), cluster })]),
    );
    const findings = judgeCluster(members, answers, { vips, desired, names: ['lab', 'lab-api'] });
    expect(findings.find(({ subject }) => subject === 'cluster name')?.evidence).toBe(expected);
  });

  it('is unhealthy when the transport differs from the inventory', () => {
    const answers = new Map(members.map((host) => [host.name, seen({ transport: { kind: 'udpu' } })]));
    const monitor = parseMonitor(fixtureOf('crm-mon.xml'));
    answers.set('controller1', seen({ monitor, transport: { kind: 'udpu' } }));
    const findings = judgeCluster(members, answers, { vips, desired, transport: { kind: 'knet' } });
    expect(findings.find(({ subject }) => subject === 'transport')).toMatchObject({
      healthy: false,
      evidence: 'udpu; the inventory wants knet',
    });
  });
});
