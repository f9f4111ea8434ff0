import { describe, expect, it } from 'vitest';
import type { DesiredResources } from '../../../../playbooks/pacemaker/cluster/desired.ts';
import { decideReady } from '../../../../playbooks/pacemaker/cluster/ready.ts';
import {
  resourceProbe,
  type ResourceState,
  parseMonitor,
  parseCib,
} from '../../../../playbooks/pacemaker/cluster/resource-state.ts';
import type { Answer, ClusterDecision } from '../../../../src/playbook/operation.ts';
import { inWords } from './members.ts';
import { RECORDED, clones, fixture, grouped, haproxy, vip } from './desires.ts';

const CRM_MON = fixture('crm-mon.xml');
const NAMES = ['controller1', 'controller2', 'controller3'];

/** What `crm_mon` says where one thing is otherwise. */
const seen = (was: string | RegExp, is: string): string => {
  const changed = CRM_MON.replace(was, is);
  if (changed === CRM_MON) throw new Error(`there is no ${String(was)} in the fixture`);
  return changed;
};
const node = (name: string, was: string, is: string): string =>
  seen(new RegExp(`(<node name="${name}" [^>]*)${was}`), `$1${is}`);
const unmanaged = (id: string): string =>
  CRM_MON.replaceAll(new RegExp(`(<resource id="${id}" [^>]*managed=)"true"`, 'g'), '$1"false"');

function view(monitor: string, cib = RECORDED): Answer<ResourceState> {
  return { reachable: true, observed: { cib: parseCib(cib), monitor: parseMonitor(monitor) } };
}
const gone: Answer<ResourceState> = { reachable: false, reason: 'no route' };

function decide(
  answers: readonly Answer<ResourceState>[],
  desired: DesiredResources = clones,
): ClusterDecision {
  return decideReady(desired, new Map(NAMES.map((name, index) => [name, answers[index] ?? gone])));
}

/** All members say the same. */
function decideFor(monitor: string, cib?: string, desired?: DesiredResources): ClusterDecision {
  return decide(
    NAMES.map(() => view(monitor, cib)),
    desired,
  );
}

const meta = (name: string, value: string): string =>
  `<meta_attributes id="m"><nvpair id="t" name="${name}" value="${value}"/></meta_attributes>`;
const inCib = (was: string, is: string): string => {
  const changed = RECORDED.replace(was, is);
  if (changed === RECORDED) throw new Error(`there is no ${was} in the fixture`);
  return changed;
};
const constraint = (id: string, rsc: string, on: string): string =>
  `<rsc_location id="${id}" rsc="${rsc}" node="${on}" score="-INFINITY"/>`;
const banned = (rsc: string, ...hosts: readonly string[]): string =>
  inCib(
    '</constraints>',
    `${hosts.map((on) => constraint(`cli-ban-${rsc}-on-${on}`, rsc, on)).join('')}</constraints>`,
  );

describe('a cluster that can run what the inventory wants', () => {
  it.each<[string, ClusterDecision]>([
    ['without holds and conflicts', decideFor(CRM_MON)],
    ['while a member is down', decide([view(fixture('crm-mon-member-lost.xml')), gone, gone])],
    ['with a failed resource, which is cleaned up later', decideFor(fixture('crm-mon-haproxy-failed.xml'))],
    [
      'with a disabled resource, which is enabled later',
      decideFor(
        CRM_MON,
        inCib('<clone id="haproxy-clone">', `<clone id="haproxy-clone">${meta('target-role', 'Stopped')}`),
      ),
    ],
    [
      'with a virtual IP banned on one of three members',
      decideFor(CRM_MON, banned('vip-api', 'controller1')),
    ],
    [
      'with an unmanaged resource outside the inventory',
      decideFor(unmanaged('vip-database'), RECORDED, {
        ...clones,
        resources: [haproxy, vip('api', '172.29.77.20')],
      }),
    ],
    [
      'with a failed stop, which Pacemaker reports as unmanaged',
      decideFor(unmanaged('vip-api').replace(/(<resource id="vip-api" [^>]*blocked=)"false"/, '$1"true"')),
    ],
    [
      'when the inventory is about to end the maintenance mode',
      decideFor(seen('maintenance-mode="false"', 'maintenance-mode="true"'), RECORDED, {
        ...clones,
        properties: { 'maintenance-mode': 'false' },
      }),
    ],
  ])('is ready %s', (_, decision) => {
    expect(decision).toMatchObject({ verdict: 'converged' });
  });

  it.each<[string, string, string | undefined, string, string]>([
    [
      'a member is in standby',
      node('controller2', 'standby="false"', 'standby="true"'),
      undefined,
      'controller2 is in standby',
      'osha host undrain INVENTORY controller2',
    ],
    [
      'a failure has put a member into standby',
      node('controller2', 'standby_onfail="false"', 'standby_onfail="true"'),
      undefined,
      'controller2 is in standby after a resource failure',
      'pcs resource cleanup node=controller2',
    ],
    [
      'a member is in maintenance mode',
      node('controller3', 'maintenance="false"', 'maintenance="true"'),
      undefined,
      'controller3 is in maintenance mode',
      'pcs node unmaintenance controller3',
    ],
    [
      'the cluster is in maintenance mode',
      seen('maintenance-mode="false"', 'maintenance-mode="true"').replaceAll(
        ' managed="true"',
        ' managed="false"',
      ),
      undefined,
      'the cluster is in maintenance mode: it starts, stops and moves nothing',
      'pcs property set maintenance-mode=false',
    ],
    [
      'the cluster is set to stop all resources',
      seen('stop-all-resources="false"', 'stop-all-resources="true"'),
      undefined,
      'the cluster is set to stop all resources',
      'pcs property set stop-all-resources=false',
    ],
    [
      'a resource is unmanaged',
      unmanaged('vip-api'),
      undefined,
      'vip-api is unmanaged: it is neither started nor stopped',
      'pcs resource manage vip-api',
    ],
    [
      'a clone is in maintenance mode',
      unmanaged('haproxy'),
      inCib('<clone id="haproxy-clone">', `<clone id="haproxy-clone">${meta('maintenance', 'true')}`),
      'haproxy is in maintenance mode: it is neither started nor stopped',
      'pcs resource meta haproxy maintenance=',
    ],
    [
      'a virtual IP is banned on all members',
      CRM_MON,
      banned('vip-api', ...NAMES),
      'vip-api is banned on controller1, controller2, controller3',
      'pcs resource clear vip-api',
    ],
    [
      'a clone is banned on one of its members',
      CRM_MON,
      banned('haproxy-clone', 'controller2'),
      'haproxy-clone is banned on controller2',
      'pcs resource clear haproxy-clone',
    ],
    [
      'several members are in standby',
      CRM_MON.replaceAll(' standby="false"', ' standby="true"'),
      undefined,
      'controller1 is in standby, and controller2 is in standby, and controller3 is in standby',
      'osha host undrain INVENTORY controller1; osha host undrain INVENTORY controller2; osha host undrain INVENTORY controller3',
    ],
  ])('is refused immediately when %s, with the command to end it', (_, monitor, cib, reason, end) => {
    expect(decideFor(monitor, cib)).toMatchObject({ verdict: 'refuse', reason, hint: `to end this: ${end}` });
  });

  it('is refused when the inventory sets maintenance mode', () => {
    const wanted = { ...clones, properties: { 'maintenance-mode': 'true' } };
    const decision = decideFor(seen('maintenance-mode="false"', 'maintenance-mode="true"'), RECORDED, wanted);
    expect(decision).toMatchObject({
      hint: 'to end this: write pacemaker: { properties: { maintenance-mode: false } }',
    });
  });

  it.each<[string, ClusterDecision, string]>([
    [
      'no member answers',
      decide([gone, gone, gone]),
      'no member reports the state of the cluster (controller1: no route; controller2: no route; controller3: no route)',
    ],
    [
      'no member has a quorum',
      decideFor(seen('with_quorum="true"', 'with_quorum="false"')),
      'the cluster has no quorum: controller1, controller2, controller3 of controller1, controller2, controller3 is online',
    ],
    [
      'a resource that osha did not create has another agent',
      decideFor(CRM_MON, fixture('cib.xml'), {
        ...clones,
        resources: [{ ...haproxy, agent: 'systemd:nginx' }],
      }),
      "the cluster's resource haproxy is systemd:haproxy, which osha did not create; the inventory wants systemd:nginx",
    ],
    [
      'another resource holds the address of a virtual IP',
      decideFor(CRM_MON, RECORDED, { ...clones, resources: [haproxy, vip('public', '172.29.77.20')] }),
      "the cluster's resource vip-api holds 172.29.77.20, which is for vip-public",
    ],
    [
      'two virtual IPs swap their addresses, which would put each on two hosts',
      decideFor(CRM_MON, RECORDED, {
        ...clones,
        resources: [haproxy, vip('api', '172.29.77.21'), vip('database', '172.29.77.20')],
      }),
      "the cluster's resource vip-api holds 172.29.77.20, which is for vip-database",
    ],
    [
      'fencing would switch off a member that it does not see',
      decide([view(fixture('crm-mon-member-lost.xml')), gone, gone], {
        ...clones,
        properties: { 'stonith-enabled': 'true' },
      }),
      'with fencing enabled, the cluster would switch off controller2, which it does not see',
    ],
  ])('is refused when %s', (_, decision, reason) => {
    expect(decision).toMatchObject({ verdict: 'refuse', reason });
  });

  const offline = (name: string): Answer<ResourceState> =>
    view(node(name, 'online="true"', 'online="false"'));
  it.each<[string, ClusterDecision, string]>([
    [
      'the cluster is accepting a member',
      decideFor(node('controller2', 'pending="false"', 'pending="true"')),
      'controller1: wait until the cluster accepts controller2',
    ],
    [
      'members that run Pacemaker do not see each other: each could run all resources',
      decide([offline('controller2'), offline('controller1'), gone]),
      'controller1: wait until this member sees controller2, which also runs Pacemaker',
    ],
  ])('waits when %s', (_, decision, expected) => {
    expect(inWords(decision)).toEqual([expected]);
    const changes = decision.verdict === 'change' ? decision.stages.flat() : [];
    expect(changes.map(({ change }) => change.effects)).toEqual([[]]);
  });

  it('is judged by the partition with quorum, regardless of the order of answers', () => {
    const cutOff = view(
      seen('with_quorum="true"', 'with_quorum="false"').replace(
        'maintenance-mode="false"',
        'maintenance-mode="true"',
      ),
    );
    expect(decide([cutOff, view(CRM_MON), view(CRM_MON)])).toMatchObject({ verdict: 'converged' });
  });

  it('is also refused with a hold on a group', () => {
    const cib = fixture('cib-group.xml').replace(
      '<group id="web">',
      `<group id="web">${meta('maintenance', 'true')}`,
    );
    expect(decideFor(unmanaged('vip-api'), cib, grouped)).toMatchObject({
      hint: 'to end this: pcs resource meta vip-api maintenance=',
    });
  });
});

describe('the output of the resource probe', () => {
  it.each([
    ['nothing', '-- status\n', 'Pacemaker is not running here, or does not respond'],
    ['the configuration only', `${RECORDED}\n-- status\n`, 'its output cannot be parsed'],
    ['truncated', `${RECORDED}\n-- status\n${CRM_MON.slice(0, 900)}`, 'its output cannot be parsed'],
  ])('is rejected when it is %s', (_, stdout, expected) => {
    expect(() => resourceProbe.parse({ stdout, stderr: '', exitCode: 0 })).toThrow(expected);
  });
});
