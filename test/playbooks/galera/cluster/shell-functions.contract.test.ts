import { describe, expect, it } from 'vitest';
import * as changes from '../../../../playbooks/galera/cluster/changes.ts';
import { settle } from '../../../../playbooks/galera/cluster/changes.ts';
import type { HostChange } from '../../../../src/playbook/operation.ts';
import { FakeHost } from './fake-host.ts';
import { UUID } from './observations.ts';
import { within } from '../../../../src/playbook/limits.ts';

const CONTEXT: changes.ChangeContext = {
  unit: 'mariadb',
  dataDirectory: '/var/lib/mysql',
  members: 3,
  syncSeconds: 1,
};

const GALERA = { wsrep_on: 'ON', wsrep_provider: '/usr/lib/galera/libgalera_smm.so' };
const PRIMARY = {
  ...GALERA,
  wsrep_cluster_status: 'Primary',
  wsrep_local_state_comment: 'Synced',
  wsrep_ready: 'ON',
};
const CUT_OFF = {
  ...GALERA,
  wsrep_cluster_status: 'non-Primary',
  wsrep_local_state_comment: 'Initialized',
  wsrep_ready: 'OFF',
};
const OWN = { wsrep_on: 'OFF', wsrep_provider: 'none' };
const DENIED = `echo "ERROR 1045 (28000): Access denied for user 'root'@'localhost'" >&2; exit 1`;

/** Commands that stop or start a server. */
const ACTS = /^(systemctl (stop|restart|start|try-restart|kill)|galera_new_cluster|recovery)/;

/** Runs a change's script as the runner does, with all waits cut to zero. */
function carriedOut(
  host: FakeHost,
  { change }: HostChange,
): { acts: readonly string[]; stderr: string; exitCode: number } {
  for (const name of ['galera_new_cluster', 'galera_recovery']) {
    host.program(name, `echo ${name === 'galera_recovery' ? 'recovery' : name} >>${host.folder}/done`);
  }
  const script = `set -e\n${change.script}`
    .replace(`start + ${within('galeraSettles')}`, 'start + 0')
    .replace(`synced_within ${within('galeraReturns')}`, 'synced_within 0');
  const { stderr, exitCode } = host.run(script);
  return { acts: host.done().filter((line) => ACTS.test(line)), stderr, exitCode };
}

async function serving(prepare: (host: FakeHost) => void): Promise<FakeHost> {
  const host = new FakeHost();
  host.unit({ ActiveState: 'active', Type: 'notify' });
  prepare(host);
  await host.server({ unixSocket: true, ports: [23_306] });
  return host;
}

const everyChange: readonly (readonly [string, HostChange])[] = [
  ['stop', changes.stop(CONTEXT, 'c1', 'why')],
  ['stop of a standalone server', changes.stopStandalone(CONTEXT, 'c1')],
  ['join', changes.join(CONTEXT, 'c1', false)],
  ['join that may overwrite data', changes.join(CONTEXT, 'c1', true)],
  ['rejoin', changes.rejoin(CONTEXT, 'c1')],
  ['bootstrap', changes.bootstrap(CONTEXT, 'c1', 'why')],
  ['recovery', changes.recover(CONTEXT, 'c1', false)],
  ['recovery of an expelled member', changes.recover(CONTEXT, 'c1', true)],
  ['restart', changes.restart(CONTEXT, 'c1', 'why', [])],
  ['restart of the only member', changes.restart({ ...CONTEXT, members: 1 }, 'c1', 'why', [])],
  ['promotion', changes.promote(CONTEXT, 'c1', 'why')],
  ['wait, after it times out', settle(CONTEXT, 'c1', true)],
];

describe('a server that serves clients since the decision', () => {
  it.each(everyChange)('is left alone by the %s when it refuses root', async (_name, change) => {
    const host = await serving((it) => it.client(DENIED));
    const { acts, exitCode, stderr } = carriedOut(host, change);
    expect(acts).toEqual([]);
    expect(exitCode).toBe(1);
    expect(stderr).not.toBe('');
  });

  const harmful = everyChange.filter(([name]) => /^(stop|join|return|bootstrap)$/.test(name));
  it.each(harmful)('is left alone by the %s when it is Primary', async (_name, change) => {
    const host = await serving((it) => it.says({ ...PRIMARY, wsrep_ready: 'OFF' }));
    expect(carriedOut(host, change)).toMatchObject({ acts: [], exitCode: 1 });
  });

  it.each(harmful)('is left alone by the %s when it has databases of its own', async (_name, change) => {
    const host = await serving((it) => {
      it.says(OWN);
      it.write('shop/db.opt', '');
    });
    expect(carriedOut(host, change)).toMatchObject({ acts: [], exitCode: 1 });
  });

  it('is not promoted while it is Primary', async () => {
    const host = await serving((it) => it.says(PRIMARY));
    carriedOut(host, changes.promote(CONTEXT, 'c1', 'why'));
    expect(host.done().join()).not.toContain('pc.bootstrap');
  });
});

describe('a server without clients', () => {
  const cases: readonly (readonly [
    string,
    Readonly<Record<string, string>>,
    HostChange,
    readonly string[],
  ])[] = [
    ['is stopped without quorum', CUT_OFF, changes.stop(CONTEXT, 'c1', 'why'), ['systemctl stop -- mariadb']],
    [
      'joins after it was expelled',
      { ...CUT_OFF, wsrep_cluster_status: 'Disconnected' },
      changes.join(CONTEXT, 'c1', false),
      ['systemctl stop -- mariadb', 'systemctl restart -- mariadb'],
    ],
    [
      'joins if it is standalone and empty',
      OWN,
      changes.join(CONTEXT, 'c1', false),
      ['systemctl stop -- mariadb', 'systemctl restart -- mariadb'],
    ],
    [
      'is bootstrapped if it is standalone and empty',
      OWN,
      changes.bootstrap(CONTEXT, 'c1', 'why'),
      ['galera_new_cluster'],
    ],
  ];
  it.each(cases)('%s', async (_name, rows, change, acts) => {
    const host = await serving((it) => it.says(rows));
    expect(carriedOut(host, change).acts).toEqual(acts);
  });

  it('is promoted through its own socket', async () => {
    const host = await serving((it) => it.says(CUT_OFF));
    carriedOut(host, changes.promote(CONTEXT, 'c1', 'why'));
    expect(host.done().filter((line) => line.includes('pc.bootstrap'))).toEqual([
      expect.stringContaining(`--socket=${host.socket}`),
    ]);
  });
});

describe('a member that joins', () => {
  it('keeps nothing that would let it form a cluster when it finds none', () => {
    const host = new FakeHost();
    host.state(UUID, 3);
    host.write('gvwstate.dat', 'view');
    carriedOut(host, changes.join(CONTEXT, 'c1', false));
    expect(host.observe()).toMatchObject({ view: false, saved: { uuid: UUID, safeToBootstrap: false } });
  });

  it('is left alone if it has databases of its own by now', () => {
    const host = new FakeHost();
    host.write('shop/db.opt', '');
    const { acts, stderr } = carriedOut(host, changes.join(CONTEXT, 'c1', false));
    expect(acts).toEqual([]);
    expect(stderr).toContain('databases of its own now');
  });
});

describe('the wait for a starting server', () => {
  /** A server that crashed and waits for the others. */
  async function waiting(ports: readonly number[], view = true): Promise<FakeHost> {
    const host = new FakeHost();
    host.unit({ ActiveState: 'activating' });
    host.state(UUID, -1);
    if (view) host.write('gvwstate.dat', 'view');
    await host.server({ ports });
    return host;
  }

  it('kills one that waits in vain for members of its last view', async () => {
    const { acts, exitCode } = carriedOut(await waiting([4567]), settle(CONTEXT, 'c1', true));
    expect([exitCode, ...acts]).toEqual([
      0,
      'systemctl stop --no-block -- mariadb',
      'systemctl kill -s KILL -- mariadb',
    ]);
  });

  const spared: readonly (readonly [string, readonly number[], boolean, boolean])[] = [
    ['that may wait for unreachable members', [4567], true, false],
    ['in crash recovery, which does not listen for members yet', [], true, true],
    ['without a view of an earlier cluster', [4567], false, true],
    ['that listens for clients', [4567, 23_307], true, true],
  ];
  it.each(spared)('never kills one %s', async (_name, ports, view, certain) => {
    const { acts, exitCode } = carriedOut(await waiting(ports, view), settle(CONTEXT, 'c1', certain));
    expect([exitCode, ...acts]).toEqual([1]);
  });

  it('never kills one that receives a state transfer', async () => {
    const host = await waiting([4567]);
    host.program('pgrep', 'case "$*" in *srep_sst_*) exit 0 ;; esac\nexit 1');
    const { acts, exitCode } = carriedOut(host, settle(CONTEXT, 'c1', true));
    expect([exitCode, ...acts]).toEqual([1]);
  });
});
