import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import galera from '../../playbooks/galera.ts';
import { HEALTH_SCRIPT, healthScript } from '../../playbooks/galera/endpoint.ts';
import { contextOf, placedFile } from './context.ts';

const CONF = '/etc/mysql/mariadb.conf.d/60-osha-galera.cnf';

function conf(settings: unknown = {}): string {
  return placedFile(galera, contextOf(galera, { settings }), 'controller2', CONF) ?? '';
}

describe('the configuration of a member', () => {
  it('names every member, and listens on its own address only', () => {
    expect(conf()).toContain('wsrep_cluster_address = gcomm://192.0.2.11,192.0.2.12,192.0.2.13\n');
    expect(conf()).toContain('bind_address = 192.0.2.12\n');
    expect(conf()).toContain('gmcast.listen_addr=tcp://192.0.2.12:4567');
  });

  const cases: readonly (readonly [string, unknown, string])[] = [
    ['one writer needs no waiting reads', {}, 'wsrep_sync_wait = 0\n'],
    ['several writers need them', { writers: 'all' }, 'wsrep_sync_wait = 1\n'],
    ['what is asked for stands above that', { writers: 'all', sync_wait: 3 }, 'wsrep_sync_wait = 3\n'],
    ['rsync needs no account', {}, 'wsrep_sst_method = rsync\n'],
    [
      'mariabackup uses the account of the server itself',
      { sst: 'mariabackup' },
      'wsrep_sst_auth = mysql:\n',
    ],
    ['sizes are taken as they are', { buffer_pool: '4G', gcache: '300M' }, 'gcache.size=300M'],
    ['a statement for new clients', { init_connect: 'SET NAMES utf8' }, "init_connect = 'SET NAMES utf8'\n"],
  ];
  it.each(cases)('%s', (_name, settings, expected) => {
    expect(conf(settings)).toContain(expected);
  });

  const wrong: readonly (readonly [string, unknown])[] = [
    ['a size without a unit', { buffer_pool: '512' }],
    ['an unknown key', { buffer_pol: '512M' }],
    ['a statement that would end its quotes', { init_connect: "SET x = '1'" }],
  ];
  it.each(wrong)('refuses %s', (_name, settings) => {
    expect(galera.settings.safeParse(settings).success).toBe(false);
  });
});

describe('the frontend of the database', () => {
  it.each(['single', 'all'] as const)(
    'sends connections to %s, and asks port 9200 who is healthy',
    (writers) => {
      const [frontend] = galera.frontends?.(contextOf(galera, { settings: { writers } })) ?? [];
      expect(frontend).toMatchObject({ port: 3306, active: writers, check: { port: 9200, httpPath: '/' } });
      expect(frontend?.servers).toHaveLength(3);
    },
  );
});

describe('the health endpoint', () => {
  const directory = mkdtempSync(join(tmpdir(), 'osha-endpoint-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What the endpoint answers where the server's client does `client`. */
  function answer(
    client: string,
    sst: 'rsync' | 'mariabackup',
    request = 'OPTIONS / HTTP/1.0\r\nHost: x\r\n\r\n',
  ): string {
    const path = join(directory, 'mariadb');
    writeFileSync(path, `#!/bin/sh\n${client}\n`);
    chmodSync(path, 0o755);
    const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
    return spawnSync('sh', ['-c', healthScript({ sst })], {
      input: request,
      encoding: 'utf8',
      env,
      timeout: 10_000,
    }).stdout;
  }

  const says = (cluster: string, state: number, words: string, ready: string): string =>
    `printf '%s\\t%s\\n' wsrep_ready ${ready} wsrep_local_state_comment ${words} wsrep_local_state ${state} wsrep_cluster_status ${cluster}`;

  const cases: readonly (readonly [string, string, 'rsync' | 'mariabackup', number])[] = [
    ['a Synced member', says('Primary', 4, 'Synced', 'ON'), 'rsync', 200],
    ['one that is not ready', says('Primary', 4, 'Synced', 'OFF'), 'rsync', 503],
    ['one without a quorum', says('non-Primary', 0, 'Initialized', 'OFF'), 'rsync', 503],
    ['one that is brought up to date', says('Primary', 3, 'Joined', 'ON'), 'rsync', 503],
    [
      'one that rsync blocks while it gives its data away',
      says('Primary', 2, 'Donor/Desynced', 'ON'),
      'rsync',
      503,
    ],
    [
      'one that gives its data away and goes on serving',
      says('Primary', 2, 'Donor/Desynced', 'ON'),
      'mariabackup',
      200,
    ],
    ['a server that is down', 'exit 1', 'rsync', 503],
    ['a server that hangs', 'exec sleep 60', 'rsync', 503],
  ];
  it.each(cases)('answers for %s', (_name, client, sst, status) => {
    expect(answer(client, sst)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('says as many bytes as it announces', () => {
    const [head = '', body = ''] = answer(says('Primary', 4, 'Synced', 'ON'), 'rsync').split('\r\n\r\n');
    expect(body).toBe('galera: Primary 4 Synced ON\n');
    expect(head).toContain(`Content-Length: ${body.length}`);
  });

  it('answers a client that sends nothing and goes', () => {
    expect(answer('exit 1', 'rsync', '')).toMatch(/^HTTP\/1.1 503 /);
  });

  it('may be run by its own account', () => {
    expect(placedFile(galera, contextOf(galera), 'controller1', HEALTH_SCRIPT)).toMatch(/^#!\/bin\/sh\n/);
  });
});
