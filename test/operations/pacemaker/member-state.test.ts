import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isPlaceholder, parseCorosyncConf } from '../../../src/operations/pacemaker/corosync-conf.ts';
import { parseMemberState } from '../../../src/operations/pacemaker/member-state.ts';
import { noPlaceholder } from '../../../src/operations/pacemaker/placeholder.ts';

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
}

const member = (stdout: string): ReturnType<typeof parseMemberState> =>
  parseMemberState({ stdout, stderr: '', exitCode: 0 });

describe('what a host says of the cluster that it is in', () => {
  const state = member(fixture('member.txt'));

  it('is read from its files and from what runs', () => {
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

  it('tells tokens by their checksums: the one that it has for itself is one that it accepts', () => {
    expect([...state.knows.keys()]).toEqual(['controller1', 'controller2', 'controller3']);
    const own = state.knows.get('controller2');
    expect(own?.address).toBe('172.29.77.12');
    expect(state.accepts).toContain(own?.token);
    expect(state.accepts).not.toContain(state.knows.get('controller1')?.token);
  });

  it('is nothing at all on a host without a cluster', () => {
    expect(member('end\n')).toEqual({ pacemaker: false, knows: new Map(), accepts: new Set() });
  });

  it('is not trusted where it was cut short', () => {
    expect(() => member('has-conf\nconf totem {\n')).toThrow('did not say what cluster it is in');
  });
});

describe('the cluster of one that a package brings', () => {
  const shipped = parseCorosyncConf(fixture('corosync-debian.conf'));

  it.each<[string, string, boolean]>([
    ['is the one of Debian', fixture('corosync-debian.conf'), true],
    [
      'is none that has a host with an address',
      'nodelist {\n node {\n  ring0_addr: 192.0.2.11\n }\n}\n',
      false,
    ],
    ['is none that finds its members by multicast', 'totem {\n cluster_name: old\n}\n', false],
  ])('%s', (_, text, expected) => {
    expect(isPlaceholder(parseCorosyncConf(text))).toBe(expected);
  });

  it('is removed, unless somebody gave it resources', () => {
    const operation = noPlaceholder('/etc/corosync/corosync.conf');
    const state = { conf: shipped, pacemaker: false, knows: new Map(), accepts: new Set<string>() };
    expect(operation.decide(state).map((change) => change.summary)).toEqual([
      'remove the cluster "debian" of this host alone, which its package came with',
    ]);
    expect(operation.decide({ ...state, resources: 1 })).toEqual([]);
  });
});
