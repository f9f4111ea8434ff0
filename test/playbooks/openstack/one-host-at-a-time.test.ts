import { describe, expect, it } from 'vitest';
import { takeoversOf } from '../../../playbooks/pacemaker/takeovers.ts';
import { clustersOf } from '../../../playbooks/pacemaker/clusters.ts';
import { desiredResources, laterUnits } from '../../../playbooks/pacemaker/desired-resources.ts';
import { settings } from '../../../playbooks/pacemaker/settings.ts';
import type { PlannedPhase } from '../../../src/planner/plan.ts';
import { platformOf } from '../../../src/platform/index.ts';
import type { HealthCheck } from '../../../src/playbook/operation.ts';
import { deployment } from './deployment.ts';

const SERVICES =
  'haproxy, keystone, glance-api, neutron-rpc-server, neutron-api, nova-conductor, nova-api, apache2';
const SHARED =
  'glusterfs: { servers: [c1, c2, n1], volumes: { images: { path: /srv/images, mount: /var/lib/glance/images, on: [control] } } }';
const deployed = deployment({
  hosts: `
  c1: { address: 192.0.2.11, roles: [controller] }
  c2: { address: 192.0.2.12, roles: [controller] }
  n1: { address: 192.0.2.21, roles: [network, database, messaging] }
`,
  vips: `
  api: { address: 192.0.2.100/24, interface: eth0, by: pacemaker, on: [c1, c2] }
`,
  more: `haproxy: { internal_vip: api }\npacemaker: { groups: { control: { vips: [api], services: [${SERVICES}] } } }\n${SHARED}`,
});

function phase(name: string): PlannedPhase {
  const found = deployed.plan.phases.find((one) => one.name === name);
  if (!found) throw new Error(`no phase ${name}`);
  return found;
}

/** `TITLE: operations` of a phase's steps on a host whose title matches. */
function stepsOf(name: string, host: string, words: RegExp): readonly string[] {
  return phase(name).steps.flatMap(({ step, hosts, strategy }) => {
    const on = hosts.find((one) => one.name === host);
    if (step.kind !== 'host' || !on || !words.test(step.title)) return [];
    return [
      `${step.title}, ${strategy}: ${step
        .operations(on)
        .map(({ title }) => title)
        .join('; ')}`,
    ];
  });
}

/** The checks of a phase's verifying steps whose title matches. */
function checkOf(name: string, title: RegExp): HealthCheck {
  for (const { step } of phase(name).steps) {
    if (step.kind === 'verify' && title.test(step.title)) return step.check;
  }
  throw new Error(`no such step in ${name}`);
}

describe('services that Pacemaker runs on one host at a time', () => {
  it.each([
    [
      'keystone',
      [
        'Run Keystone, in parallel, stops one at a time: keystone is left to the cluster',
        'Have pacemaker run Keystone on one host, once: keystone in the cluster',
        'Apply new settings of Keystone, one at a time: keystone',
      ],
    ],
    [
      'nova',
      [
        'Run Nova, in parallel, stops and restarts one at a time: nova-conductor is left to the cluster; nova-scheduler; nova-api is left to the cluster; nova-api-metadata; nova-novncproxy',
        'Have pacemaker run Nova on one host, once: nova-conductor, nova-api in the cluster',
        'Apply new settings of Nova, one at a time: nova-conductor; nova-scheduler; nova-api; nova-api-metadata; nova-novncproxy',
      ],
    ],
    [
      'cinder',
      [
        'Run Cinder, in parallel, restarts one at a time: cinder-scheduler; cinder-api',
        'Apply new settings of Cinder, one at a time: cinder-scheduler; cinder-api',
      ],
    ],
  ])('are given to it by their own phase: %s', (name, expected) => {
    expect(stepsOf(name, 'c1', /^(Run|Have|Apply)/)).toEqual(expected);
  });

  it('are started by systemd if the cluster is configured later', () => {
    expect(stepsOf('pacemaker', 'c1', /^Hand/)).toEqual([
      'Hand HAProxy over to the cluster, in parallel, stops one at a time: haproxy is left to the cluster',
    ]);
  });

  it('are marked as resources that later phases configure', () => {
    const { inventory } = deployed;
    const platform = platformOf(inventory.platform);
    const own = settings.parse(inventory.settings['pacemaker']);
    const later = laterUnits(inventory, platform);
    const taken = takeoversOf(clustersOf(inventory, own), own, platform, later);
    expect(taken.map(({ unit, handover }) => [unit, handover?.run.title])).toEqual([
      ['haproxy', undefined],
      ['keystone', 'keystone in the cluster'],
      ['glance-api', 'glance-api in the cluster'],
      ['neutron-rpc-server', 'neutron-rpc-server, neutron-api in the cluster'],
      ['neutron-api', 'neutron-rpc-server, neutron-api in the cluster'],
      ['nova-conductor', 'nova-conductor, nova-api in the cluster'],
      ['nova-api', 'nova-conductor, nova-api in the cluster'],
      ['apache2', 'apache2 in the cluster'],
    ]);
  });

  it.each([
    ['restart on failure, as with systemd', true, ['false', '5', '1h']],
    [
      'change no defaults for services that are configured before the cluster',
      false,
      [undefined, undefined, undefined],
    ],
  ])('%s', (_name, known, expected) => {
    const { inventory } = deployed;
    const platform = platformOf(inventory.platform);
    const own = settings.parse(inventory.settings['pacemaker']);
    const clusters = clustersOf(inventory, own);
    const later = known ? laterUnits(inventory, platform) : new Map<string, string>();
    const wanted = desiredResources({ cluster: clusters[0]!, clusters, settings: own, platform, later });
    const { properties, defaults } = wanted;
    expect([
      properties['start-failure-is-fatal'],
      defaults['migration-threshold'],
      defaults['failure-timeout'],
    ]).toEqual(expected);
  });

  const answer = (status: number) =>
    ({ reachable: true, observed: { status, seconds: 0.01, version: '1.0-1' } }) as const;
  it.each([
    ['keystone', 'on one', [200, 0], true],
    ['keystone', 'on none', [0, 0], false],
    ['keystone', 'on both', [200, 200], false],
    ['placement', 'on one, without a cluster manager', [200, 0], false],
  ] as const)('answer, %s %s', (name, _where, [first, second], healthy) => {
    const check = checkOf(name, /answers$/);
    const findings = check.judge(
      new Map([
        ['c1', answer(first)],
        ['c2', answer(second)],
      ]),
    );
    expect(findings.every((finding) => finding.healthy)).toBe(healthy);
  });

  it('are verified on all hosts of the group after a restart', () => {
    const restart = (name: string): readonly string[] => {
      const found = phase(name).steps.find(({ step }) => step.title.startsWith('Apply new settings'))?.step;
      const c1 = deployed.inventory.hosts[0]!;
      if (found?.kind !== 'host') throw new Error('no such step');
      return (found.untilHealthy?.(c1).members ?? []).map((host) => host.name);
    };
    expect(restart('keystone')).toEqual(['c1', 'c2']);
    expect(restart('horizon')).toEqual(['c1', 'c2']);
    expect(restart('placement')).toEqual(['c1']);
  });

  it('have their unit in their frontend', () => {
    const units = deployed.frontends.filter(({ unit }) => unit !== undefined);
    expect(units.map(({ name, unit }) => `${name} ${unit ?? ''}`)).toEqual([
      'keystone keystone',
      'placement placement-api',
      'glance glance-api',
      'neutron neutron-api',
      'nova nova-api',
      'nova-metadata nova-api-metadata',
      'nova-console nova-novncproxy',
      'cinder cinder-api',
      'dashboard apache2',
    ]);
  });
});
