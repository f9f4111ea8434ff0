import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recover, type ChangeContext } from '../../../../playbooks/galera/cluster/changes.ts';
import { ZERO_UUID } from '../../../../playbooks/galera/cluster/observe.ts';
import { FakeHost } from './fake-host.ts';
import { OTHER_UUID, UUID } from './observations.ts';
import { POSITION_FILE } from '../../../../playbooks/galera/cluster/shell-functions.ts';

const CONTEXT: ChangeContext = {
  unit: 'mariadb',
  dataDirectory: '/var/lib/mysql',
  members: 3,
  syncSeconds: 60,
};

const SYNCED = {
  wsrep_on: 'ON',
  wsrep_provider: '/usr/lib/galera/libgalera_smm.so',
  wsrep_cluster_name: 'lab',
  wsrep_cluster_status: 'Primary',
  wsrep_local_state_comment: 'Synced',
  wsrep_ready: 'ON',
  wsrep_cluster_size: '3',
};

const DENIED = "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: NO)";

describe('the probe finds a running server', () => {
  it('and queries it through the socket of its process, wherever that is', async () => {
    const host = new FakeHost();
    host.unit({ ActiveState: 'active' });
    host.says(SYNCED);
    await host.server({ unixSocket: true, ports: [4567] });
    expect(host.member()).toMatchObject({ kind: 'primary', server: { clusterName: 'lab', state: 'Synced' } });
    expect(host.done().join()).toContain(`--socket=${host.socket} `);
  });

  const complaints: readonly (readonly [string, string, string, string])[] = [
    ['refuses the login', `echo "${DENIED}" >&2; exit 1`, 'refusing', DENIED],
    [
      'has no free connection',
      'echo "ERROR 1040 (08004): Too many connections" >&2; exit 1',
      'refusing',
      'ERROR 1040 (08004): Too many connections',
    ],
    [
      'hangs',
      'echo "ERROR 2013 (HY000): Lost connection to server at \'handshake\'" >&2; exit 1',
      'silent',
      "ERROR 2013 (HY000): Lost connection to server at 'handshake'",
    ],
    ['prints no error', 'exit 1', 'silent', ''],
  ];
  it.each(complaints)('and never takes one that %s for starting', async (_name, client, kind, complaint) => {
    const host = new FakeHost();
    host.unit({ ActiveState: 'active' });
    host.client(client);
    await host.server({ unixSocket: true });
    expect(host.member()).toMatchObject({ kind, complaint });
  });

  it('and takes a slow one for silent', async () => {
    const host = new FakeHost();
    host.unit({ ActiveState: 'active' });
    host.client('exec sleep 30');
    await host.server({ unixSocket: true });
    expect(host.member()).toMatchObject({
      kind: 'silent',
      complaint: `no answer within 5 s on ${host.socket}`,
    });
  });

  it('and takes one that accepts clients over TCP only for silent', async () => {
    const host = new FakeHost();
    host.unit({ ActiveState: 'activating' });
    await host.server({ ports: [23_306] });
    expect(host.member()).toMatchObject({ kind: 'silent', complaint: 'it has no local socket' });
  });

  it('and takes one without a socket for clients for starting', async () => {
    const host = new FakeHost();
    host.unit({ ActiveState: 'activating' });
    host.write('gvwstate.dat', 'view');
    await host.server({ ports: [4567] });
    expect(host.member()).toMatchObject({ kind: 'starting', observed: { process: 'closed', view: true } });
  });

  it('and takes one that runs outside its unit on the same data for silent', async () => {
    const host = new FakeHost();
    host.says(SYNCED);
    await host.server({ unixSocket: true, ofUnit: false });
    expect(host.member()).toMatchObject({ kind: 'silent' });
  });

  it('and reports another data directory of the next start', async () => {
    const host = new FakeHost();
    const other = join(host.folder, 'srv');
    mkdirSync(other);
    host.unit({ ActiveState: 'active' });
    host.options(`--datadir=${other}`);
    host.says(SYNCED);
    host.write('shop/db.opt', '');
    await host.server({ unixSocket: true });
    expect(host.observe()).toMatchObject({ directory: host.data, moved: other, databases: ['shop'] });
  });
});

describe('the probe reads the directories of the server', () => {
  const moved: readonly (readonly [string, (host: FakeHost, to: string) => void])[] = [
    ['an option file', (host, to) => host.options(`--datadir=${to}`)],
    ['an option file that spells it differently', (host, to) => host.options(`--loose-datadir=${to}`)],
    [
      'an argument of the unit, which wins over a file',
      (host, to) => {
        host.options('--datadir=/nowhere');
        host.unit({
          ExecStart: `{ path=/usr/sbin/mariadbd ; argv[]=/usr/sbin/mariadbd $MYSQLD_OPTS $_WSREP_NEW_CLUSTER --datadir=${to} ; ignore_errors=no ; start_time=[n/a] }`,
        });
      },
    ],
    [
      'a variable of the unit',
      (host, to) =>
        host.unit({
          ExecStart:
            '{ path=/usr/sbin/mariadbd ; argv[]=/usr/sbin/mariadbd $MYSQLD_OPTS $_WSREP_START_POSITION ; ignore_errors=no }',
          Environment: `A=b "MYSQLD_OPTS=--port=1 --datadir=${to}" C=d`,
        }),
    ],
    [
      'a file of variables',
      (host, to) => {
        writeFileSync(join(host.folder, 'default'), `X=y\nMYSQLD_OPTS="--datadir=${to}"\n`);
        host.unit({
          ExecStart:
            '{ path=/usr/sbin/mariadbd ; argv[]=/usr/sbin/mariadbd ${MYSQLD_OPTS} ; ignore_errors=no }',
          EnvironmentFiles: `${join(host.folder, 'default')} (ignore_errors=yes)`,
        });
      },
    ],
  ];
  it.each(moved)('as set by %s', (_name, move) => {
    const host = new FakeHost();
    host.state(OTHER_UUID, 6);
    const to = join(host.folder, 'srv');
    mkdirSync(join(to, 'mysql'), { recursive: true });
    writeFileSync(join(to, 'grastate.dat'), `uuid:    ${UUID}\nseqno:   26\nsafe_to_bootstrap: 1\n`);
    move(host, to);
    expect(host.observe()).toMatchObject({
      directory: to,
      data: 'present',
      saved: { uuid: UUID, seqno: 26, safeToBootstrap: true },
    });
  });

  it('with the separate directory of Galera', () => {
    const host = new FakeHost();
    const to = join(host.folder, 'galera');
    mkdirSync(to);
    writeFileSync(join(to, 'grastate.dat'), `uuid:    ${UUID}\nseqno:   26\n`);
    host.options(
      '--wsrep_provider_options=gcache.size=128M;base_dir=/nowhere',
      `--wsrep_provider_options=pc.recovery=TRUE; base_dir = ${to};gmcast.listen_addr=tcp://0:4567`,
    );
    expect(host.observe().saved).toMatchObject({ uuid: UUID, seqno: 26 });
  });

  const hollow: readonly (readonly [string, (host: FakeHost) => void, string])[] = [
    ['empty', (host) => host.options(`--datadir=${host.folder}`), 'empty'],
    ['missing', (host) => host.options('--datadir=/nowhere/mysql'), 'missing'],
    [
      'unknown, because its options cannot be read',
      (host) => host.program('my_print_defaults', 'exit 2'),
      'unknown',
    ],
  ];
  it.each(hollow)('and reports one that is %s', (_name, make, data) => {
    const host = new FakeHost();
    make(host);
    expect(host.observe().data).toBe(data);
  });

  const unclear: readonly (readonly [string, string, string])[] = [
    ['a state file that a power cut left empty', 'grastate.dat', ''],
    ['a cache without a state file', 'galera.cache', 'cache'],
    ['a view without a state file', 'gvwstate.dat', 'view'],
  ];
  it.each(unclear)('and takes %s for a sign of an unknown cluster', (_name, file, content) => {
    const host = new FakeHost();
    host.write(file, content);
    expect(host.observe().saved).toEqual({ uuid: ZERO_UUID, seqno: -1, safeToBootstrap: false });
  });

  it('and counts the test database only if it is not empty', () => {
    const host = new FakeHost();
    host.write('test/db.opt', '');
    host.write('shop/db.opt', '');
    expect(host.observe().databases).toEqual(['shop']);
    host.write('test/t1.ibd', '');
    expect(host.observe().databases).toEqual(['shop', 'test']);
  });
});

describe('a recorded position', () => {
  /** A host whose server crashed and whose position has been recovered. */
  function noted(): FakeHost {
    const host = new FakeHost();
    host.state(UUID, -1);
    host.program(
      'galera_recovery',
      `echo "--wsrep_start_position=${UUID}:6"; echo "recovery $*" >>${host.folder}/done`,
    );
    const { stderr, exitCode } = host.run(`set -e\n${recover(CONTEXT, 'c1', false).change.script}`);
    expect([exitCode, stderr]).toEqual([0, '']);
    return host;
  }

  it('counts while nothing has changed', () => {
    expect(noted().observe().recovered).toEqual({ uuid: UUID, seqno: 6 });
  });

  const voided: readonly (readonly [string, (host: FakeHost) => void])[] = [
    ['the unit was started since', (host) => host.unit({ InvocationID: 'second' })],
    ['the log of InnoDB was written to', (host) => host.write('ib_logfile0', 'more')],
    ['the log of InnoDB was touched', (host) => utimesSync(join(host.data, 'ib_logfile0'), 5, 5)],
    ['the log of InnoDB is gone', (host) => rmSync(join(host.data, 'ib_logfile0'))],
    ['the state of Galera differs', (host) => host.state(UUID, -2)],
    [
      'the server uses another data directory',
      (host) => {
        const to = join(host.folder, 'srv');
        mkdirSync(to);
        writeFileSync(join(to, 'ib_logfile0'), 'log');
        host.options(`--datadir=${to}`);
      },
    ],
    [
      'the log is in another directory',
      (host) => {
        mkdirSync(join(host.folder, 'logs'));
        writeFileSync(join(host.folder, 'logs', 'ib_logfile0'), 'log');
        host.options(`--innodb_log_group_home_dir=${join(host.folder, 'logs')}`);
      },
    ],
    [
      'it was recorded by an earlier version, without a fingerprint',
      (host) => writeFileSync(join(host.folder, 'noted', 'position'), `${UUID}:6\n`),
    ],
  ];
  it.each(voided)('is void when %s', (_name, happens) => {
    const host = noted();
    happens(host);
    expect(host.observe().recovered).toBeUndefined();
  });

  it('is recovered with the arguments that the unit passes to its server', () => {
    const host = new FakeHost();
    host.state(UUID, -1);
    host.unit({
      ExecStart: `{ path=/usr/sbin/mariadbd ; argv[]=/usr/sbin/mariadbd --defaults-file=/etc/my.cnf --datadir=${host.data} $_WSREP_START_POSITION ; ignore_errors=no }`,
    });
    host.program(
      'galera_recovery',
      `echo "--wsrep_start_position=${UUID}:6"; echo "recovery $*" >>${host.folder}/done`,
    );
    host.run(`set -e\n${recover(CONTEXT, 'c1', false).change.script}`);
    expect(host.done()).toContain(`recovery --defaults-file=/etc/my.cnf --datadir=${host.data}`);
  });

  it('is not recovered where the data is missing', () => {
    const host = new FakeHost();
    rmSync(join(host.data, 'ib_logfile0'));
    const { stderr, exitCode } = host.run(`set -e\n${recover(CONTEXT, 'c1', false).change.script}`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is its disk mounted?');
  });

  it('is kept in memory', () => {
    expect(POSITION_FILE).toMatch(/^\/run\//);
  });
});

describe('where the sockets of a process cannot be listed', () => {
  it('the server is queried through the configured socket, and counts as silent if it does not answer', async () => {
    const host = new FakeHost();
    host.unit({ ActiveState: 'active' });
    host.program('ls', 'exit 2');
    host.options(`--socket=${host.socket}`);
    host.says(SYNCED);
    await host.server({ unixSocket: true });
    expect(host.member()).toMatchObject({ kind: 'primary', observed: { process: 'unknown' } });
    host.client('exit 1');
    expect(host.member()).toMatchObject({ kind: 'silent' });
  });
});
