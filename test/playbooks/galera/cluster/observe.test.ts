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

describe('what a member answers', () => {
  it('is understood while it runs', () => {
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

  it('tells arbitrators by the address for clients that they do not have', () => {
    const arbitratorsAmong = (addresses: string): number | undefined =>
      parse(`${UNIT}${STATUS}wsrep_incoming_addresses=${addresses}\n`).server?.arbitrators;
    expect(['AUTO,,AUTO', ',10.0.0.11:3306', '10.0.0.11:3306', ''].map(arbitratorsAmong)).toEqual([
      1, 1, 0, 0,
    ]);
  });

  it('is understood where nothing is installed', () => {
    const observed = parse('ActiveState=inactive\nnow=1\n');
    expect(observed).toMatchObject({ installed: false, view: false, databases: [] });
    expect(observed.server).toBeUndefined();
    expect(observed.saved).toBeUndefined();
  });

  it('has the names of its databases, whatever is in them', () => {
    expect(parse(`${UNIT}database=shop\ndatabase=a=b\n`).databases).toEqual(['shop', 'a=b']);
  });

  const positions: readonly (readonly [string, string, number | undefined])[] = [
    ['a plain position', '1419ed3a-e569-11f1-9030-2b2afb407aab:12', 12],
    ['one with a GTID behind it', '1419ed3a-e569-11f1-9030-2b2afb407aab:12,0-1-5', 12],
    ['one that nobody knows', '00000000-0000-0000-0000-000000000000:-1', -1],
    ['what is none', 'nothing', undefined],
  ];
  it.each(positions)('takes as recovered position %s', (_name, text, seqno) => {
    expect(parse(`${UNIT}recovered=${text}\n`).recovered?.seqno).toBe(seqno);
  });

  it('counts no transaction where Galera prints the largest number for none', () => {
    const none = STATUS.replace('last_committed=41', 'last_committed=18446744073709551615');
    expect(parse(`${UNIT}${none}`).server?.lastCommitted).toBe(-1);
  });

  it('makes no sense without an answer of systemd', () => {
    expect(() => parse('installed=yes\n')).toThrow('systemd did not report');
  });
});

describe('the probe', () => {
  it('never goes through the recovery of the database', () => {
    const { script } = observeMember(platformOf('debian-12'), []);
    expect(script).not.toMatch(/wsrep.recover|galera_recovery|mariadbd\s+-/);
  });
});
