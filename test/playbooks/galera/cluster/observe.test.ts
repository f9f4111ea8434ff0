import { describe, expect, it } from 'vitest';
import { observeMember, parseMember } from '../../../../playbooks/galera/cluster/observe.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import type { MemberObservation } from '../../../../playbooks/galera/cluster/observe.ts';

const UNIT = 'ActiveState=active\nSubState=running\nUnitFileState=enabled\nnow=1795239339.2\n';
const STATUS = `wsrep_on=ON
wsrep_last_committed=41
wsrep_local_state_comment=Synced
wsrep_cluster_size=3
wsrep_cluster_state_uuid=1419ED3A-e569-11f1-9030-2b2afb407aab
wsrep_cluster_status=Primary
wsrep_connected=ON
wsrep_ready=ON
`;

function parse(stdout: string): MemberObservation {
  return parseMember('mariadb', { stdout, stderr: '', exitCode: 0 });
}

describe('the answer of a member', () => {
  it('is parsed while it runs', () => {
    expect(
      parse(
        `${UNIT}installed=yes\nsaved.uuid=1419ed3a-e569-11f1-9030-2b2afb407aab\nsaved.seqno=-1\nsaved.safe_to_bootstrap=0\nview=yes\n${STATUS}`,
      ),
    ).toMatchObject({
      installed: true,
      view: true,
      saved: { uuid: '1419ed3a-e569-11f1-9030-2b2afb407aab', seqno: -1, safeToBootstrap: false },
      server: {
        replicates: true,
        component: 'Primary',
        state: 'Synced',
        size: 3,
        uuid: '1419ed3a-e569-11f1-9030-2b2afb407aab',
        ready: true,
        connected: true,
        lastCommitted: 41,
      },
    });
  });

  it('counts arbitrators by their missing client address', () => {
    const arbitratorsAmong = (addresses: string): number | undefined =>
      parse(`${UNIT}${STATUS}wsrep_incoming_addresses=${addresses}\n`).server?.arbitrators;
    expect(['AUTO,,AUTO', ',10.0.0.11:3306', '10.0.0.11:3306', ''].map(arbitratorsAmong)).toEqual([
      1, 1, 0, 0,
    ]);
  });

  it('is parsed where nothing is installed', () => {
    const observed = parse('ActiveState=inactive\nnow=1\n');
    expect(observed).toMatchObject({ installed: false, view: false, databases: [] });
    expect(observed.server).toBeUndefined();
    expect(observed.saved).toBeUndefined();
  });

  it('has the names of its databases, whatever characters they contain', () => {
    expect(parse(`${UNIT}database=shop\ndatabase=a=b\n`).databases).toEqual(['shop', 'a=b']);
  });

  const positions: readonly (readonly [string, string, number | undefined])[] = [
    ['a plain position', '1419ed3a-e569-11f1-9030-2b2afb407aab:12', 12],
    ['one followed by a GTID', '1419ed3a-e569-11f1-9030-2b2afb407aab:12,0-1-5', 12],
    ['an unknown one', '00000000-0000-0000-0000-000000000000:-1', -1],
    ['malformed text', 'nothing', undefined],
  ];
  it.each(positions)('parses as recovered position %s', (_name, text, seqno) => {
    expect(parse(`${UNIT}recovered=${text}\n`).recovered?.seqno).toBe(seqno);
  });

  it('has no transaction if Galera prints the largest number for none', () => {
    const none = STATUS.replace('last_committed=41', 'last_committed=18446744073709551615');
    expect(parse(`${UNIT}${none}`).server?.lastCommitted).toBe(-1);
  });

  it('is rejected without an answer of systemd', () => {
    expect(() => parse('installed=yes\n')).toThrow('systemd did not report');
  });
});

describe('the probe', () => {
  it('never runs the recovery of the database', () => {
    const { script } = observeMember(platformOf('debian-12'), []);
    expect(script).not.toMatch(/wsrep.recover|galera_recovery|mariadbd\s+-/);
  });
});
