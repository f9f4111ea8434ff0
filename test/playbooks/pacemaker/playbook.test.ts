import { describe, expect, it } from 'vitest';
import pacemaker from '../../../playbooks/pacemaker/playbook.ts';
import { clustersOf } from '../../../playbooks/pacemaker/clusters.ts';
import { desiredResources } from '../../../playbooks/pacemaker/desired-resources.ts';
import { settings } from '../../../playbooks/pacemaker/settings.ts';
import type { Inventory, Vip } from '../../../src/inventory/types.ts';
import type { DesiredResources } from '../../../playbooks/pacemaker/cluster/desired.ts';
import { platformOf } from '../../../src/platform/index.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, operationsOn } from '../context.ts';

const inventory = anInventory();

/** The inventory with these changes to its virtual IPs. */
function withVips(changes: Readonly<Record<string, Partial<Vip>>>, of: Inventory = inventory): Inventory {
  return { ...of, vips: of.vips.map((vip) => ({ ...vip, ...changes[vip.name] })) };
}

function desired(of: Inventory = inventory, given: unknown = {}, index = 0): DesiredResources {
  const parsed = settings.parse(given);
  const clusters = clustersOf(of, parsed);
  const cluster = clusters[index];
  if (!cluster) throw new Error(`no cluster ${index}`);
  return desiredResources({ cluster, clusters, settings: parsed, platform: platformOf(of.platform) });
}

function inWords({ constraints }: DesiredResources): readonly string[] {
  return constraints.map(({ kind, resource, other, strength }) => `${kind} ${resource} ${other} ${strength}`);
}

const six = anInventory({ hosts: [1, 2, 3, 4, 5, 6].map((number) => aHost(`c${number}`)) });
const apart = withVips(
  { api: { holders: ['c1', 'c2', 'c3'] }, database: { holders: ['c4', 'c5', 'c6'] } },
  six,
);

describe('the pacemaker playbook', () => {
  it('has no hosts when Pacemaker holds no virtual IP', () => {
    expect(pacemaker.hosts({ ...inventory, vips: [] })).toEqual([]);
    const vips = inventory.vips.map((vip) => ({ ...vip, by: 'keepalived' as const }));
    expect(pacemaker.hosts({ ...inventory, vips })).toEqual([]);
  });

  it('runs HAProxy on every member, and each virtual IP on one where it runs', () => {
    const wanted = desired();
    expect(wanted.resources.map(({ id, agent, clone }) => [id, agent, clone ?? false])).toEqual([
      ['haproxy', 'systemd:haproxy', true],
      ['vip-api', 'ocf:heartbeat:IPaddr2', false],
      ['vip-database', 'ocf:heartbeat:IPaddr2', false],
    ]);
    expect(inWords(wanted)).toEqual([
      'order vip-api haproxy-clone Optional',
      'colocation vip-api haproxy-clone INFINITY',
      'order vip-database haproxy-clone Optional',
      'colocation vip-database haproxy-clone INFINITY',
    ]);
  });

  it('keeps a virtual IP off members that cannot hold it, and independent of HAProxy if it needs none', () => {
    const of = withVips({ database: { holders: ['controller2', 'controller1'], haproxy: false } });
    expect(inWords(desired(of)).filter((words) => words.includes('database'))).toEqual([
      'location vip-database controller3 -INFINITY',
    ]);
  });

  it.each([
    ['three members stop what they run when they are cut off', 3, {}, 'stop'],
    ['two members continue alone', 2, {}, 'ignore'],
    ['the inventory overrides the default', 2, { no_quorum: 'freeze' }, 'freeze'],
  ])('%s', (_, count, given, policy) => {
    const of = anInventory({ hosts: inventory.hosts.slice(0, count) });
    expect(desired(of, given).properties['no-quorum-policy']).toBe(policy);
  });

  it('drops observations of units on every host after pcs changed the cluster', () => {
    const context = contextOf(pacemaker);
    const operations = operationsOn(pacemaker.steps(context), 'controller2', context);
    const atBoot = operations.filter(({ title }) => title.endsWith('starts at boot'));
    expect(atBoot.map(({ title }) => title)).toEqual(['corosync starts at boot', 'pacemaker starts at boot']);
    expect(atBoot.every(({ probe }) => probe.reads.includes('cluster:pacemaker/members'))).toBe(true);
  });

  it('recognises the cluster before any change, and checks it before services are handed over', () => {
    const titles = pacemaker.steps(contextOf(pacemaker)).map(({ title }) => title);
    expect(titles[0]).toBe('Recognise the cluster');
    expect(titles.indexOf('Check the cluster for quorum and holds')).toBe(
      titles.indexOf('Form the cluster') + 1,
    );
    expect(titles.indexOf('Hand HAProxy over to the cluster')).toBeGreaterThan(
      titles.indexOf('Check the cluster for quorum and holds'),
    );
  });

  it('changes only a differing password, without any restart', () => {
    const context = contextOf(pacemaker);
    const operations = operationsOn(pacemaker.steps(context), 'controller2', context);
    const password = operations.find(({ title }) => title === 'password of hacluster');
    const changes = password?.decide('other') ?? [];
    expect(changes.map(({ summary, effects, touches }) => [summary, effects, touches])).toEqual([
      ['change the password of hacluster', [], ['user:hacluster']],
    ]);
    // What a change touches is looked at again: nothing else reads that user.
    const reading = operations.filter(({ probe }) => probe.reads.includes('user:hacluster'));
    expect(reading).toEqual([password]);
  });

  it('requires the fence password only when a device has an option for it', () => {
    const rules = (fence: unknown): readonly string[] =>
      Object.keys(pacemaker.moreSecrets?.(settings.parse({ fence }), { settings: {} }) ?? {});
    expect(rules({})).toEqual([]);
    expect(rules({ a: { agent: 'fence_a', hosts: ['controller1'] } })).toEqual([]);
    expect(rules({ a: { agent: 'fence_a', hosts: ['controller1'], password_option: 'passwd' } })).toEqual([
      'fencePassword',
    ]);
  });
});

describe('the clusters of an inventory', () => {
  const former = (of: Inventory, given: unknown = {}): readonly (readonly string[])[] =>
    clustersOf(of, settings.parse(given)).map(({ name, formerNames }) => [name, ...formerNames]);

  it('keep their former names when the number of clusters changes', () => {
    expect(former(inventory)).toEqual([['test', 'test-api', 'test-database']]);
    expect(former(apart)).toEqual([
      ['test-api', 'test'],
      ['test-database', 'test'],
    ]);
    expect(former(inventory, { cluster_name: 'old' })).toEqual([['old']]);
  });

  const names = (of: Inventory, given: unknown = {}): readonly string[] =>
    clustersOf(of, settings.parse(given)).map(
      ({ name, hosts, vips }) =>
        `${name}: ${hosts.map((host) => host.name).join(' ')}; ${vips.map((vip) => vip.name).join(' ')}`,
    );

  it.each<[string, Inventory, unknown, readonly string[]]>([
    [
      'one when all virtual IPs share holders',
      inventory,
      {},
      ['test: controller1 controller2 controller3; api database'],
    ],
    [
      'one of another name',
      inventory,
      { cluster_name: 'old' },
      ['old: controller1 controller2 controller3; api database'],
    ],
    [
      'two when virtual IPs share no holders',
      apart,
      {},
      ['test-api: c1 c2 c3; api', 'test-database: c4 c5 c6; database'],
    ],
    [
      'one when two virtual IPs share a holder',
      withVips({ api: { holders: ['c2', 'c1'] }, database: { holders: ['c2', 'c3'] } }, six),
      {},
      ['test: c1 c2 c3; api database'],
    ],
    [
      'one when a group joins them',
      apart,
      { groups: { web: { vips: ['api', 'database'] } } },
      ['test: c1 c2 c3 c4 c5 c6; api database'],
    ],
  ])('are %s', (_, of, given, expected) => {
    expect(names(of, given)).toEqual(expected);
  });

  it('have steps, checks and resources of their own', () => {
    const context = contextOf(pacemaker, { inventory: apart });
    const titles = pacemaker.steps(context).map(({ title }) => title);
    expect(titles.filter((title) => title.includes(' of test-'))).toEqual([
      'Recognise the cluster of test-api',
      'Recognise the cluster of test-database',
      'Form the cluster of test-api',
      'Form the cluster of test-database',
      'Check the cluster of test-api for quorum and holds',
      'Check the cluster of test-database for quorum and holds',
      'Run HAProxy and the virtual IPs of test-api',
      'Run HAProxy and the virtual IPs of test-database',
      'Each virtual IP of test-api is on one host',
      'Each virtual IP of test-database is on one host',
    ]);
    expect(pacemaker.health?.(context).map(({ title, members }) => [title, members.length])).toEqual([
      ['Pacemaker test-api', 3],
      ['Pacemaker test-database', 3],
    ]);
    expect(desired(apart, {}, 1).resources.map(({ id }) => id)).toEqual(['haproxy', 'vip-database']);
  });
});

describe('a group', () => {
  const one = {
    groups: {
      web: {
        vips: ['api'],
        services: ['haproxy', 'memcached'],
        prefers: ['controller2', 'controller1'],
        never: ['controller3'],
      },
    },
  };
  const of = withVips({ database: { haproxy: false } });

  it('contains its virtual IPs, then its services, with its preferred hosts and no clone of HAProxy', () => {
    const wanted = desired(of, one);
    expect(wanted.groups.map(({ id, resources }) => [id, resources.map((resource) => resource.id)])).toEqual([
      ['web', ['vip-api', 'haproxy', 'memcached']],
    ]);
    expect(wanted.resources.map(({ id }) => id)).toEqual(['vip-database']);
    expect(inWords(wanted)).toEqual([
      'location web controller2 100',
      'location web controller1 50',
      'location web controller3 -INFINITY',
    ]);
  });

  it('without HAProxy is colocated with its clone', () => {
    const wanted = desired(inventory, { groups: { web: { vips: ['api'], services: ['memcached'] } } });
    expect(inWords(wanted)).toContain('colocation web haproxy-clone INFINITY');
  });

  it('takes its services over from systemd on every member', () => {
    const context = contextOf(pacemaker, { inventory: of, settings: one });
    const hosts = ['controller1', 'controller2', 'controller3'];
    expect(pacemaker.takeovers?.(context)).toEqual([
      { unit: 'haproxy', hosts, by: 'pacemaker', runsOn: 'one' },
      { unit: 'memcached', hosts, by: 'pacemaker', runsOn: 'one' },
    ]);
    expect(pacemaker.takeovers?.(contextOf(pacemaker))).toEqual([
      { unit: 'haproxy', hosts, by: 'pacemaker', runsOn: 'all' },
    ]);
  });
});

describe('additional settings of the inventory', () => {
  it('become resources and constraints of the cluster', () => {
    const wanted = desired(inventory, {
      resources: {
        mail: { agent: 'systemd:postfix', monitor_seconds: 30, timeout_seconds: 120 },
        ping: { agent: 'ocf:pacemaker:ping', options: { host_list: '192.0.2.1' }, clone: true },
      },
      constraints: [
        { order: ['api', 'mail'] },
        { colocate: 'mail', with: 'api' },
        { colocate: 'database', with: 'haproxy', score: 5 },
        { location: 'ping', host: 'controller2', score: '-INFINITY' },
      ],
    });
    expect(wanted.resources.slice(3)).toEqual([
      { id: 'mail', agent: 'systemd:postfix', options: {}, monitorSeconds: 30, timeoutSeconds: 120 },
      {
        id: 'ping',
        agent: 'ocf:pacemaker:ping',
        options: { host_list: '192.0.2.1' },
        monitorSeconds: 10,
        clone: true,
      },
    ]);
    expect(inWords(wanted).slice(4)).toEqual([
      'order vip-api mail Mandatory',
      'colocation mail vip-api INFINITY',
      'colocation vip-database haproxy-clone 5',
      'location ping-clone controller2 -INFINITY',
    ]);
  });

  it('add fence devices, keep them off their targets, and enable fencing', () => {
    const wanted = desired(inventory, {
      fence: {
        one: { agent: 'fence_ipmilan', hosts: ['controller1'], options: { lanplus: true } },
        all: { agent: 'fence_apc', hosts: ['controller'] },
      },
    });
    expect(wanted.properties['stonith-enabled']).toBe('true');
    expect(wanted.fences.map(({ id, hosts, options }) => [id, hosts.length, options])).toEqual([
      ['one', 1, { lanplus: 'true' }],
      ['all', 3, {}],
    ]);
    expect(inWords(wanted).filter((words) => words.startsWith('location'))).toEqual([
      'location one controller1 -INFINITY',
    ]);
    expect(desired().properties['stonith-enabled']).toBe('false');
  });
});
