import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DesiredResources } from '../../../playbooks/pacemaker/cluster/desired.ts';
import { adviseCluster, judgeCluster } from '../../../playbooks/pacemaker/health.ts';
import { parseMemberView, type MemberView } from '../../../playbooks/pacemaker/cluster/member-view.ts';
import { parseMonitor } from '../../../playbooks/pacemaker/cluster/monitor.ts';
import type { Answer, Finding } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';

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
  it('is good when all are online and one holds the virtual IP', () => {
    expect(complaints(whole(VIP), whole(), whole())).toEqual([]);
  });

  it.each<[string, readonly Answer<MemberView>[], readonly string[]]>([
    [
      'nobody holds the virtual IP',
      [whole(), whole(), whole()],
      [`cluster: virtual IP api: ${VIP} is not held by any host`],
    ],
    [
      'two hold the virtual IP, whatever the cluster believes',
      [whole(VIP), whole(), whole(VIP)],
      [`cluster: virtual IP api: ${VIP} on controller1 and controller3`],
    ],
    [
      'somebody else than the cluster put the virtual IP on a host',
      [whole(), whole(VIP), whole()],
      [`cluster: virtual IP api: ${VIP} on controller2; the cluster runs it on controller1`],
    ],
    [
      'a member is down',
      [lost(VIP), { reachable: false, reason: 'no route' }, lost()],
      ['controller2: member: no route', 'cluster: haproxy: runs on 2 of 3'],
    ],
    [
      'a member is cut off, whoever is asked first',
      [cutOff(), whole(VIP), whole()],
      [
        'controller1: member: it is cut off from the others',
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
      'Pacemaker does not run on one',
      [whole(VIP), whole(), view(undefined)],
      ['controller3: member: Pacemaker does not run'],
    ],
  ])('is bad when %s', (_, views, expected) => {
    expect(complaints(...views)).toEqual(expected);
  });

  it.each<[string, string, string, string, string]>([
    [
      'a member is in standby',
      ' standby="false"',
      ' standby="true"',
      'member: standby',
      'to let it work again: pcs node unstandby controller1',
    ],
    [
      'a member is in maintenance mode',
      ' maintenance="false"',
      ' maintenance="true"',
      'member: maintenance',
      'to let it work again: pcs node unmaintenance controller1',
    ],
    [
      'the cluster is told to stop all resources',
      'stop-all-resources="false"',
      'stop-all-resources="true"',
      'maintenance: the cluster is told to stop all of its resources',
      'to let the cluster work again: pcs property set stop-all-resources=false',
    ],
    [
      'a resource is unmanaged',
      'managed="true" failed="false" failure_ignored="false" nodes_running_on="1"',
      'managed="false" failed="false" failure_ignored="false" nodes_running_on="1"',
      'haproxy: haproxy is unmanaged: it is neither started nor stopped',
      'to let the cluster work again: pcs resource manage haproxy',
    ],
  ])('says how to end it when %s', (_, was, is, expected, hint) => {
    const xml = fixtureOf('crm-mon.xml').replace(was, is);
    const held = (address?: string): Answer<MemberView> =>
      seen({ monitor: parseMonitor(xml), addresses: new Set(address ? [address] : []) });
    const finding = judge(held(VIP), held(), held()).find(
      ({ healthy, ...rest }) => !healthy && rest.hint === hint,
    );
    expect(`${finding?.subject ?? ''}: ${finding?.evidence ?? ''}`).toBe(expected);
  });

  it('does not call a member stopped that runs and does not answer', () => {
    expect(complaints(whole(VIP), whole(), seen({ mute: true }))).toEqual([
      'controller3: member: Pacemaker runs, and does not answer',
    ]);
  });

  it('is bad all over when no member runs it', () => {
    expect(complaints(view(undefined), view(undefined), view(undefined))).toContain(
      'cluster: quorum: no coordinator',
    );
  });

  it('advises each time that nothing fences a member that hangs, and does not call that healthy', () => {
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
      'members that answered hold no virtual IP, and others did not answer',
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
  ])('states no more than is known when %s', (_, views, expected) => {
    const ofCluster = judge(...views).filter(({ host, healthy }) => host === undefined && !healthy);
    expect(ofCluster.map(({ subject, evidence }) => `${subject}: ${evidence}`)).toEqual(expected);
  });

  it('advises about members and resources that the inventory does not know', () => {
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
        'is whole on one host',
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
        'runs in part',
        { 'vip-api': on('controller2'), haproxy: on() },
        ['vip-api', 'haproxy'],
        false,
        'vip-api on controller2; haproxy stopped',
      ],
      [
        'lacks a member',
        { 'vip-api': on('controller2'), haproxy: on('controller2') },
        ['vip-api'],
        false,
        'vip-api, haproxy on controller2; not in it: haproxy',
      ],
      [
        'is in another order',
        { 'vip-api': on('controller2'), haproxy: on('controller2') },
        ['haproxy', 'vip-api'],
        false,
        'vip-api, haproxy on controller2; in another order: haproxy, vip-api',
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

  it('tells what osha made and the inventory dropped from what somebody else made', () => {
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
  ])('is told from that of another cluster, by its name: %s', (cluster, expected) => {
    const { monitor } = parseMemberView({ stdout: `${fixtureOf('crm-mon.xml')}-- next\n` });
    const answers = new Map(
      members.map((host) => [host.name, seen({ ...(monitor ? { monitor } : {}), cluster })]),
    );
    const findings = judgeCluster(members, answers, { vips, desired, names: ['lab', 'lab-api'] });
    expect(findings.find(({ subject }) => subject === 'cluster name')?.evidence).toBe(expected);
  });

  it('is bad where the cluster speaks another transport than the inventory says', () => {
    const answers = new Map(members.map((host) => [host.name, seen({ transport: { kind: 'udpu' } })]));
    const monitor = parseMonitor(fixtureOf('crm-mon.xml'));
    answers.set('controller1', seen({ monitor, transport: { kind: 'udpu' } }));
    const findings = judgeCluster(members, answers, { vips, desired, transport: { kind: 'knet' } });
    expect(findings.find(({ subject }) => subject === 'transport')).toMatchObject({
      healthy: false,
      evidence: 'udpu, and the inventory says knet',
    });
  });
});
