import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DesiredResource, DesiredResources } from '../../../../playbooks/pacemaker/cluster/desired.ts';
import { decideGroupResources } from '../../../../playbooks/pacemaker/cluster/group-resources.ts';
import { judgeCluster } from '../../../../playbooks/pacemaker/health.ts';
import type { Change, ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';
import { fixture, grouped, location, summaries, unit, web } from './desires.ts';
import { parseMonitor, parseCib } from '../../../../playbooks/pacemaker/cluster/resource-state.ts';

const later = (id: string): DesiredResource => ({ ...unit(id), later: true });
const resources = [...web.resources, later('keystone'), later('glance-api')];
const desired: DesiredResources = { ...grouped, groups: [{ id: 'web', resources }] };
const WEB = fixture('cib-group.xml');
const KEYSTONE =
  '<primitive id="keystone" class="systemd" type="keystone"><operations><op id="k" name="monitor" interval="10s"/></operations></primitive>';
const WITH_KEYSTONE = WEB.replace('</group>', `${KEYSTONE}</group>`);

/** What `crm_mon` prints of a resource of the group; `more` says something of the first of two resources, or of options. */
function monitorXml(role: string, failures = '', more = '', options = ''): string {
  const hosts = role === 'Started' ? '1' : '0';
  return `<pacemaker-result><summary><current_dc present="true" with_quorum="true"/><cluster_options ${options}/></summary>
<nodes><node name="controller1" online="true" ${more}/><node name="controller2" online="true"/></nodes><resources><group id="web">
<resource id="keystone" resource_agent="systemd:keystone" role="${role}" failed="false" nodes_running_on="${hosts}">
${role === 'Started' ? '<node name="controller1"/>' : ''}
</resource></group></resources>
<failures>${failures}</failures>
</pacemaker-result>`;
}
const FAILURE =
  '<failure op_key="keystone_start_0" node="controller1" exitstatus="error" exitreason="" exitcode="1" task="start"/>';

function decided(
  cib: string,
  ids: readonly string[] = ['keystone'],
  { of = desired, monitor = monitorXml('Started') } = {},
): readonly Change[] {
  return decideGroupResources(of, ids, { cib: parseCib(cib), monitor: parseMonitor(monitor) });
}

describe('later resources of a group', () => {
  const summary = (...given: Parameters<typeof decided>): readonly string[] =>
    decided(...given).map((change) => change.summary);

  const disabled = WITH_KEYSTONE.replace(
    '<operations><op id="k"',
    '<meta_attributes id="m"><nvpair id="t" name="target-role" value="Stopped"/></meta_attributes><operations><op id="k"',
  );
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['are left alone when they run', summary(WITH_KEYSTONE), []],
    ['are added to the group', summary(WEB), ['create keystone (systemd:keystone) in the group web']],
    [
      'are added together',
      summary(WEB, ['glance-api', 'keystone']),
      [
        'create keystone (systemd:keystone) in the group web; create glance-api (systemd:glance-api) in the group web',
      ],
    ],
    [
      'are started when stopped',
      summary(WITH_KEYSTONE, ['keystone'], { monitor: monitorXml('Stopped') }),
      ['run keystone in the cluster (stopped)'],
    ],
    [
      'are restarted after a failure',
      summary(WITH_KEYSTONE, ['keystone'], { monitor: monitorXml('Stopped', FAILURE) }),
      ['run keystone in the cluster (start failed on controller1 (error))'],
    ],
    ['are enabled when disabled', summary(disabled), ['run keystone in the cluster (disabled)']],
    [
      'are added with their constraints, except those with resources that are still missing',
      summary(WEB, ['keystone'], {
        of: {
          ...desired,
          constraints: [
            ...desired.constraints,
            location('keystone', 'controller2', '7'),
            { kind: 'colocation', resource: 'keystone', other: 'glance-api', strength: '5' },
          ],
        },
      }),
      ['create keystone (systemd:keystone) in the group web; prefer controller2 for keystone (7)'],
    ],
  ];
  it.each(cases)('%s', (_name, found, expected) => {
    expect(found).toEqual(expected);
  });

  it('are started, and those after them restart', () => {
    expect(decided(WEB)[0]?.effects).toEqual(['starts']);
    const behind = WEB.replace('</group>', `${KEYSTONE.replaceAll('keystone', 'glance-api')}</group>`);
    expect(decided(behind)[0]?.effects).toEqual(['starts', 'restarts']);
  });

  it.each<[string, string, string]>([
    [
      'the cluster is in maintenance mode',
      monitorXml('Stopped', '', '', 'maintenance-mode="true"'),
      'the cluster could not run keystone: the cluster is in maintenance mode: it starts, stops and moves nothing (to end this: pcs property set maintenance-mode=false)',
    ],
    [
      'every member that may run their group is in standby',
      monitorXml('Stopped', '', 'standby="true"').replace(
        '"controller2" online="true"',
        '"controller2" online="true" standby="true"',
      ),
      'the cluster could not run keystone: controller1 is in standby, and controller2 is in standby (to end this: osha host undrain INVENTORY controller1; osha host undrain INVENTORY controller2)',
    ],
    [
      'the cluster has no quorum',
      monitorXml('Stopped').replace('with_quorum="true"', 'with_quorum="false"'),
      'the cluster could not run keystone: it has no quorum',
    ],
  ])('are not waited for when %s', (_, monitor, expected) => {
    expect(() => decided(WEB, ['keystone'], { monitor })).toThrow(expected);
    expect(() => decided(WITH_KEYSTONE, ['keystone'], { monitor })).toThrow(expected);
  });

  it('are started while one member of the group is not in standby', () => {
    expect(decided(WEB, ['keystone'], { monitor: monitorXml('Stopped', '', 'standby="true"') })).toHaveLength(
      1,
    );
  });

  it('follow the last existing one of those before them', () => {
    const [change] = decided(WEB, ['glance-api']);
    expect(change?.script).toContain('for one in vip-api haproxy memcached keystone; do');
    expect(change?.script).toContain('--group web ${at:+--after "$at"}');
  });

  it('require the phase that creates their group', () => {
    const without = WEB.replace(/<group [\s\S]*<\/group>/, '');
    expect(() => decided(without)).toThrow(/no group web yet; first: osha deploy INVENTORY --only pacemaker/);
  });

  it('are not created by the pacemaker phase', () => {
    const noted = summaries(grouped, WEB);
    expect(summaries(desired, WEB)).toEqual(noted);
    expect(summaries(desired, WEB).join()).not.toContain('keystone');
  });

  it('are kept in order by the pacemaker phase once they exist', () => {
    const astray = WEB.replace('<primitive id="haproxy"', `${KEYSTONE}<primitive id="haproxy"`);
    expect(summaries(desired, astray)).toContain(
      'put haproxy after vip-api; put memcached after haproxy; put keystone after memcached',
    );
  });
});

describe('the wait for resources', () => {
  let folder: string;
  beforeEach(() => (folder = folderForTest()));

  /** Runs the change of a stopped member, or of one that is not there yet, where the cluster says this. */
  function waited(monitor: string, cib = WITH_KEYSTONE): ProbeAnswer {
    const tools = {
      ...{
        cibadmin: ':',
        crm_attribute: ':',
        crm_diff: ':',
        flock: ':',
        mktemp: `mkdir ${folder}/d; echo ${folder}/d`,
      },
      pcs: 'case $* in "resource delete"*) exit 1 ;; esac',
      crm_mon: `cat ${folder}/seen`,
      crm_resource: ':',
      sleep: ':',
      journalctl: 'echo "its last words"',
    };
    for (const [name, body] of Object.entries(tools)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    writeFileSync(join(folder, 'seen'), monitor);
    const [change] = decided(cib, ['keystone'], { monitor: monitorXml('Stopped') });
    const script = change?.script.replaceAll('/run/lock/', `${folder}/`) ?? 'exit 9';
    return runHere(`set -e\nPATH="${folder}:$PATH"\n${script}`);
  }

  it('ends when all of them run', () => {
    expect(waited(monitorXml('Started'))).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it("fails with the cluster's own error when it is idle and they do not run", () => {
    const { exitCode, stderr } = waited(
      monitorXml('Stopped', FAILURE.replace('exitreason=""', 'exitreason="no"')),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'its last words\nthe cluster does not run keystone of the group web. Failures:\nkeystone: start failed on controller1 (error) no\n',
    );
  });

  it('removes only new resources that cannot run', () => {
    const failed = monitorXml('Stopped', FAILURE);
    expect(waited(failed, WEB)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/\nkeystone could not be removed again\n$/) as string,
    });
    expect(waited(failed).stderr).not.toContain('taken out');
  });
});

describe('the health of a group with later resources', () => {
  const answers = new Map(
    ['controller1', 'controller2', 'controller3'].map((host) => [
      host,
      {
        reachable: true as const,
        observed: {
          addresses: new Set(host === 'controller1' ? ['172.29.77.20'] : []),
          constraints: [],
          made: new Set<string>(),
          monitor: parseMonitor(monitorXml('Stopped', FAILURE)),
        },
      },
    ]),
  );
  const evidence = (ids: readonly DesiredResource[], early: boolean): string | undefined => {
    const wanted = { ...desired, groups: [{ id: 'web', resources: ids }], constraints: [] };
    const options = { vips: [], desired: wanted, ...(early ? { early } : {}) };
    const members = ['controller1', 'controller2', 'controller3'].map((name) => aHost(name));
    const finding = judgeCluster(members, answers, options).find(({ subject }) => subject === 'group web');
    return finding?.evidence;
  };

  it('ignores them and those after them before their own phase', () => {
    expect(evidence([unit('a'), later('keystone'), unit('b')], true)).toBe('runs nowhere; missing: a');
  });

  it('reports them as missing afterwards', () => {
    expect(evidence([unit('a'), later('keystone'), unit('b')], false)).toBe(
      'runs nowhere; missing: a, b; start failed on controller1 (error)',
    );
  });
});
