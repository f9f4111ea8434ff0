import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { handedOver, type HandoverState } from '../../../../playbooks/pacemaker/cluster/handover.ts';
import type { ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';

const operation = handedOver('app');

interface Cluster {
  /** The class and type of the resource that the cluster has, if it has one. */
  readonly has?: readonly [string, string];
  /** Where it runs that. */
  readonly on?: readonly string[];
  readonly quorate?: boolean;
  readonly options?: string;
  /** What is said of its members. */
  readonly members?: string;
}

function crmMon({ on = [], quorate = true, options = '', members = 'online="true"' }: Cluster): string {
  return `<pacemaker-result><summary><current_dc present="true" with_quorum="${quorate}"/><cluster_options ${options}/></summary>
<nodes>
<node name="controller1" ${members}/>
<node name="controller2" ${members}/>
</nodes>
<resources>
<resource id="app" resource_agent="systemd:app" role="${on.length > 0 ? 'Started' : 'Stopped'}" failed="false">
${on.map((name) => `<node name="${name}"/>`).join('\n')}
</resource>
</resources></pacemaker-result>
`;
}

/** What controller1 says; `silent` where the cluster does not answer there. */
function state(active: string, unitFile: string, cluster: Cluster | 'silent'): HandoverState {
  const unit = `LoadState=loaded\nActiveState=${active}\nUnitFileState=${unitFile}\n`;
  const answer = (): string => {
    if (cluster === 'silent') return '-- status\n';
    const [kind = '', type = ''] = cluster.has ?? [];
    const primitive = cluster.has ? `<primitive id="app" class="${kind}" type="${type}"/>` : '';
    return `<cib><configuration><resources>${primitive}</resources></configuration></cib>\n-- status\n${crmMon(cluster)}`;
  };
  const stdout = `${unit}-- cluster\ncontroller1\n${answer()}`;
  return operation.probe.parse({ stdout, stderr: '', exitCode: 0 });
}

const has = ['systemd', 'app'] as const;

describe('a unit that the cluster runs on one host', () => {
  it.each<[string, HandoverState, readonly string[]]>([
    [
      'is left alone when the cluster runs it here',
      state('active', 'disabled', { has, on: ['controller1'] }),
      [],
    ],
    ['is left alone when it runs elsewhere', state('inactive', 'disabled', { has, on: ['controller2'] }), []],
    ['is not started at boot', state('inactive', 'enabled', { has }), ['do not start app at boot']],
    [
      'is stopped when it runs without a resource in the cluster',
      state('active', 'enabled', {}),
      ['do not start app at boot', 'stop app: the cluster will run it on one host'],
    ],
    [
      'is stopped when the cluster runs it on another host',
      state('active', 'disabled', { has, on: ['controller2'] }),
      ['stop app here: the cluster runs it on controller2'],
    ],
    [
      'is also stopped while it is activating',
      state('activating', 'disabled', { has, on: ['controller2'] }),
      ['stop app here: the cluster runs it on controller2'],
    ],
    [
      'is also found by the full name of its unit',
      state('active', 'disabled', { has: ['systemd', 'app.service'], on: ['controller1'] }),
      [],
    ],
    [
      'is also found under the class service',
      state('active', 'disabled', { has: ['service', 'app'], on: ['controller1'] }),
      [],
    ],
    ['is not stopped when the cluster runs it nowhere', state('active', 'disabled', { has }), []],
    ['needs nothing when it is not installed', state('inactive', '', {}), []],
    [
      'needs nothing when it is stopped and the cluster does not respond',
      state('failed', 'disabled', 'silent'),
      [],
    ],
  ])('%s', (_, observed, expected) => {
    expect(operation.decide(observed).map(({ summary }) => summary)).toEqual(expected);
  });

  it.each<[string, HandoverState, string]>([
    [
      'the cluster does not respond here',
      state('active', 'disabled', 'silent'),
      'Pacemaker does not respond here, so it is unknown where it runs app; app stays unchanged (systemctl status pacemaker)',
    ],
    [
      'the cluster does not respond and it would start at boot',
      state('inactive', 'enabled', 'silent'),
      'Pacemaker does not respond here, so it is unknown where it runs app; app stays unchanged (systemctl status pacemaker)',
    ],
    [
      'the cluster has no quorum',
      state('active', 'disabled', { quorate: false }),
      'app stays unchanged, because the cluster could not run it: it has no quorum',
    ],
    [
      'the cluster is in maintenance mode',
      state('active', 'disabled', { options: 'maintenance-mode="true"' }),
      'app stays unchanged, because the cluster could not run it: it is in maintenance mode (to end this: pcs property set maintenance-mode=false)',
    ],
    [
      'the cluster is set to stop all resources',
      state('active', 'disabled', { options: 'stop-all-resources="true"' }),
      'app stays unchanged, because the cluster could not run it: it is set to stop all resources (to end this: pcs property set stop-all-resources=false)',
    ],
    [
      'all members are in standby',
      state('active', 'disabled', { members: 'online="true" standby="true"' }),
      'app stays unchanged, because the cluster could not run it: none of its members is online',
    ],
  ])('is left unchanged when %s', (_, observed, expected) => {
    expect(() => operation.decide(observed)).toThrow(expected);
  });

  it('declares the effect of the stop', () => {
    const [change] = operation.decide(state('active', 'disabled', {}));
    expect(change?.effects).toEqual(['stops']);
  });

  describe('that runs elsewhere', () => {
    let folder: string;
    beforeEach(() => (folder = folderForTest()));

    /** Runs the change where the cluster by now runs the unit on these hosts. */
    function stopped(on: readonly string[]): ProbeAnswer {
      writeFileSync(join(folder, 'seen'), crmMon({ on }));
      const tools = {
        crm_mon: `cat ${folder}/seen`,
        crm_resource: 'exit 0',
        systemctl: `echo "$@" >${folder}/log`,
      };
      for (const [name, body] of Object.entries(tools)) {
        writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
        chmodSync(join(folder, name), 0o755);
      }
      const [change] = operation.decide(state('active', 'disabled', { has, on: ['controller2'] }));
      return runHere(`set -e\nPATH="${folder}:$PATH"\n${change?.script ?? 'exit 9'}`);
    }

    it('is stopped here', () => {
      expect(stopped(['controller2'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(existsSync(join(folder, 'log'))).toBe(true);
    });

    it.each<[string, readonly string[], number]>([
      ['it has moved here since the probe', ['controller1'], 0],
      ['it no longer runs anywhere', [], 1],
    ])('is not stopped when %s', (_, on, exitCode) => {
      expect(stopped(on).exitCode).toBe(exitCode);
      expect(existsSync(join(folder, 'log'))).toBe(false);
    });
  });
});
