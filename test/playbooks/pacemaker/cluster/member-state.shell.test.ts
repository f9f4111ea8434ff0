import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseCorosyncConf } from '../../../../playbooks/pacemaker/cluster/corosync-conf.ts';
import {
  isAtRest,
  isPlaceholder,
  memberProbe,
  parseMemberState,
  type MemberState,
} from '../../../../playbooks/pacemaker/cluster/member-state.ts';
import type { ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';
import { noPlaceholder } from '../../../../playbooks/pacemaker/cluster/formation.ts';

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
}

const member = (stdout: string): ReturnType<typeof parseMemberState> =>
  parseMemberState({ stdout, stderr: '', exitCode: 0 });

describe('parseMemberState', () => {
  const state = member(fixture('member.txt'));

  it('reads the cluster from the files and the running Corosync', () => {
    expect(state.runs).toBe('lab');
    expect(state.pacemaker).toBe(true);
    expect(state.resources).toBe(3);
    expect(state.conf?.clusterName).toBe('lab');
    expect(state.conf?.clusterUuid).toMatch(/^[0-9a-f]{32}$/);
    expect(state.conf?.nodes.map(({ name, address }) => `${name} ${address}`)).toEqual([
      'controller1 172.29.77.11',
      'controller2 172.29.77.12',
      'controller3 172.29.77.13',
    ]);
  });

  it('identifies tokens by checksum: pcsd accepts the one that the host has for itself', () => {
    expect([...state.knows.keys()]).toEqual(['controller1', 'controller2', 'controller3']);
    const own = state.knows.get('controller2');
    expect(own?.address).toBe('172.29.77.12');
    expect(state.accepts).toContain(own?.token);
    expect(state.accepts).not.toContain(state.knows.get('controller1')?.token);
  });

  it('returns an empty state for a host without a cluster', () => {
    expect(member('end\n')).toEqual({ pacemaker: false, knows: new Map(), accepts: new Set() });
  });

  it('rejects truncated output', () => {
    expect(() => member('has-conf\nconf totem {\n')).toThrow('unexpected probe output, no cluster state');
  });
});

describe('the membership probe, on a shell', () => {
  let folder: string;
  beforeEach(() => (folder = folderForTest()));

  /** What the script prints with these tools, and these files below the folder. */
  function asked(
    tools: Readonly<Record<string, string>>,
    files: Readonly<Record<string, string>> = {},
  ): MemberState {
    const all = {
      systemctl: 'echo inactive',
      'corosync-cmapctl': 'exit 1',
      timeout: 'shift; exec "$@"',
      ...tools,
    };
    for (const [name, body] of Object.entries(all)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const probe = memberProbe(join(folder, 'corosync.conf'));
    const script = probe.script
      .replaceAll('/var/lib/pacemaker/cib/', `${folder}/`)
      .replaceAll('/var/lib/pcsd/', `${folder}/`);
    return probe.parse(runHere(`PATH="${folder}:$PATH"\n${script}`));
  }

  const CMAP = `case $1 in
  -g) echo 'totem.cluster_name (str) = lab' ;;
  *)
    echo 'runtime.members.1.status (str) = joined'
    echo 'runtime.members.2.status (str) = left'
    echo 'runtime.members.3.status (str) = joined'
    ;;
esac`;

  it('distinguishes a stopped cluster from an unknown one', () => {
    expect(isAtRest(asked({}))).toBe(true);
    expect(isAtRest(asked({ systemctl: 'echo failed' }))).toBe(true);
    for (const state of ['activating', 'deactivating', 'reloading', '']) {
      const observed = asked({ systemctl: `echo ${state}` });
      expect(observed).toMatchObject({ runs: '', pacemaker: true });
      expect(isAtRest(observed)).toBe(false);
    }
    expect(isAtRest(asked({ systemctl: 'exit 1' }))).toBe(false);
  });

  it('counts joined nodes even if systemd did not start Corosync', () => {
    expect(asked({ systemctl: 'echo active', 'corosync-cmapctl': CMAP })).toMatchObject({
      runs: 'lab',
      joined: 2,
      pacemaker: true,
    });
    expect(asked({ 'corosync-cmapctl': CMAP })).toMatchObject({ runs: 'lab', pacemaker: false });
  });

  it('reads the CIB on disk', () => {
    expect(asked({}, { 'cib.xml': fixture('cib.xml') })).toMatchObject({
      resources: 3,
      cibNodes: 3,
      cibName: 'lab',
    });
  });

  it('rejects an unreadable CIB', () => {
    expect(() => member('resources \nend\n')).toThrow('cannot be read');
  });
});

describe('the example cluster of the Corosync package', () => {
  const conf = parseCorosyncConf(fixture('corosync-debian.conf'));
  const fresh: MemberState = { conf, pacemaker: false, knows: new Map(), accepts: new Set<string>() };
  const runs: MemberState = {
    ...fresh,
    ...{ runs: 'debian', joined: 1, pacemaker: true, resources: 0, cibNodes: 1, cibName: 'debian' },
  };
  const node = { name: 'node2', address: '127.0.0.2' };

  it.each<[string, MemberState, boolean]>([
    ['is recognised when stopped', fresh, true],
    ['is recognised when running', runs, true],
    ['is recognised when stopped after it ran', { ...runs, runs: undefined, pacemaker: false }, true],
    ['is not assumed without corosync.conf', { ...fresh, conf: undefined }, false],
    ['is not assumed with another name', { ...fresh, conf: { ...conf, clusterName: 'lab' } }, false],
    ['is not assumed with a UUID of pcs', { ...fresh, conf: { ...conf, clusterUuid: 'one' } }, false],
    ['is not assumed with two nodes', { ...fresh, conf: { ...conf, nodes: [...conf.nodes, node] } }, false],
    [
      'is not assumed without a node list, which means multicast discovery',
      { ...fresh, conf: { ...conf, nodes: [] } },
      false,
    ],
    [
      'is not assumed with a real address',
      { ...fresh, conf: { ...conf, nodes: [{ name: 'node1', address: '192.0.2.11' }] } },
      false,
    ],
    ['is not assumed while another cluster runs', { ...runs, runs: 'lab' }, false],
    ['is not assumed while Corosync runs but does not respond', { ...runs, runs: '' }, false],
    ['is not assumed while Corosync sees others', { ...runs, joined: 3 }, false],
    ['is not assumed while the joined nodes are unknown', { ...runs, joined: undefined }, false],
    ['is not assumed while Pacemaker is not stopped, but Corosync is', { ...fresh, pacemaker: true }, false],
    ['is not assumed with resources', { ...runs, resources: 1 }, false],
    ['is not assumed with resources in the CIB on disk', { ...fresh, resources: 1 }, false],
    ['is not assumed with other nodes in the CIB', { ...runs, cibNodes: 3 }, false],
    ['is not assumed with the CIB of another cluster', { ...fresh, cibName: 'lab' }, false],
  ])('%s', (_, state, expected) => {
    expect(isPlaceholder(state)).toBe(expected);
    const changes = noPlaceholder('/etc/corosync/corosync.conf').decide(state);
    expect(changes.map(({ summary, effects }) => [summary, effects])).toEqual(
      expected ? [['remove the example cluster "debian" of the Corosync package', ['stops', 'wipes']]] : [],
    );
  });

  describe('is removed', () => {
    let folder: string;
    beforeEach(() => {
      folder = folderForTest();
      mkdirSync(join(folder, 'cib'));
      const tools = { systemctl: `echo "$@" >>${folder}/log`, timeout: 'exit 1' };
      for (const [name, body] of Object.entries(tools)) {
        writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
        chmodSync(join(folder, name), 0o755);
      }
    });

    function removed(text: string, cib: string): ProbeAnswer {
      writeFileSync(join(folder, 'corosync.conf'), text);
      writeFileSync(join(folder, 'cib', 'cib.xml'), cib);
      writeFileSync(join(folder, 'cib', 'cib-1.raw'), 'older');
      const [change] = noPlaceholder(join(folder, 'corosync.conf')).decide(fresh);
      const script = (change?.script ?? '').replaceAll('/var/lib/pacemaker/', `${folder}/`);
      return runHere(`set -e\nPATH="${folder}:$PATH"\n${script}`);
    }

    it('with its CIB moved aside, so that a new cluster does not load it', () => {
      const { exitCode, stderr } = removed(fixture('corosync-debian.conf'), '<cib/>');
      expect([exitCode, stderr]).toEqual([0, '']);
      expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('stop pacemaker corosync\n');
      expect(readdirSync(join(folder, 'cib'))).toEqual([]);
      const kept = readdirSync(folder).find((name) => name.startsWith('cib-of-the-package.')) ?? '';
      expect(readdirSync(join(folder, kept)).sort()).toEqual(['cib-1.raw', 'cib.xml']);
      expect(existsSync(join(folder, 'corosync.conf'))).toBe(false);
    });

    it.each([
      ['was renamed', fixture('corosync-debian.conf').replace(': debian', ': lab'), '<cib/>', 'another name'],
      [
        'has more nodes',
        fixture('corosync-debian.conf').replace('ring0_addr', 'ring0_addr: 10.0.0.2\nring0_addr'),
        '<cib/>',
        'lists several nodes',
      ],
      [
        'has resources',
        fixture('corosync-debian.conf'),
        '<cib><primitive id="a"/></cib>',
        'it has resources',
      ],
    ])('unless it %s since the probe', (_, text, cib, why) => {
      const { exitCode, stderr } = removed(text, cib);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(why);
      expect(existsSync(join(folder, 'log'))).toBe(false);
      expect(existsSync(join(folder, 'corosync.conf'))).toBe(true);
    });
  });
});
