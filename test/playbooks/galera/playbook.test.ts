import { describe, expect, it } from 'vitest';
import galera from '../../../playbooks/galera/playbook.ts';
import { checkInventory } from '../../../src/inventory/load.ts';
import { platformIds } from '../../../src/platform/index.ts';
import type { Answer, ClusterDecision } from '../../../src/playbook/operation.ts';
import { inShort } from '../../operations/clusters.ts';
import { observationOf, stopped } from './cluster/observations.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile, titlesOn } from '../context.ts';

const CONF = '/etc/mysql/mariadb.conf.d/60-osha-galera.cnf';

function conf(settings: unknown = {}): string {
  return placedFile(galera, contextOf(galera, { settings }), 'controller2', CONF) ?? '';
}

describe('the configuration of a member', () => {
  it('lists every member, and listens on its own address only', () => {
    expect(conf()).toContain('wsrep_cluster_address = gcomm://192.0.2.11,192.0.2.12,192.0.2.13\n');
    expect(conf()).toContain('bind_address = 192.0.2.12\n');
    expect(conf()).toContain('gmcast.listen_addr=tcp://192.0.2.12:4567');
  });

  const cases: readonly (readonly [string, unknown, string])[] = [
    ['one writer needs no causal reads', {}, 'wsrep_sync_wait = 0\n'],
    ['several writers need causal reads', { writers: 'all' }, 'wsrep_sync_wait = 1\n'],
    ['an explicit sync_wait wins', { writers: 'all', sync_wait: 3 }, 'wsrep_sync_wait = 3\n'],
    ['rsync needs no account', {}, 'wsrep_sst_method = rsync\n'],
    [
      'mariabackup uses the account of the server process',
      { sst: 'mariabackup' },
      'wsrep_sst_auth = mysql:\n',
    ],
    ['sizes are passed through', { buffer_pool: '4G', gcache: '300M' }, 'gcache.size=300M'],
    ['utf8 means utf8mb3', { charset: 'utf8' }, 'collation_server = utf8mb3_general_ci\n'],
    [
      'the collation can be set',
      { charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' },
      'collation_server = utf8mb4_unicode_ci\n',
    ],
    ['the port can be set', { port: 13306 }, '\nport = 13306\n'],
    ['the log can be made durable on each member', { flush_log: 1 }, 'innodb_flush_log_at_trx_commit = 1\n'],
    [
      'a statement for new clients can be set',
      { init_connect: 'SET NAMES utf8' },
      "init_connect = 'SET NAMES utf8'\n",
    ],
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

describe('a deployment', () => {
  it('recognises the cluster before it writes a file', () => {
    const [first] = galera.steps(contextOf(galera));
    expect(first).toMatchObject({ kind: 'cluster', title: 'Recognise the cluster' });
  });
});

describe('--bootstrap-from', () => {
  const hosts = ['db1', 'db2', 'db3'].map((name) => aHost(name, { roles: ['database'] }));
  const inventory = anInventory({ hosts: [...hosts, aHost('web1', { roles: ['dashboard'] })] });
  const option = galera.options?.['bootstrap-from'];
  const gone = { reachable: false as const, reason: 'no route to host' };
  const answers = new Map<string, Answer>([
    ['db1', { reachable: true, observed: observationOf(stopped(5)) }],
    ['db2', { reachable: true, observed: observationOf(stopped(9)) }],
    ['db3', gone],
  ]);
  const decisionWith = (options: Readonly<Record<string, string>>): ClusterDecision | undefined =>
    galera
      .steps(contextOf(galera, { inventory, options }))
      .flatMap((step) => (step.title === 'Form the cluster' && step.kind === 'cluster' ? [step] : []))
      .map((step) => step.operation.decide(answers))[0];

  it('forms the cluster from the named member while another cannot be reached', () => {
    expect(decisionWith({})?.verdict).toBe('refuse');
    expect(inShort(decisionWith({ 'bootstrap-from': 'db1' }) as ClusterDecision)).toEqual([
      'db1: bootstrap the cluster',
      'db2: join the cluster',
    ]);
  });

  it('accepts members of the database, and names the members whose data is lost', () => {
    expect(option?.hosts(inventory).map(({ name }) => name)).toEqual(['db1', 'db2', 'db3']);
    const [first] = hosts;
    expect(first && option?.loses?.(first, inventory)).toMatch(
      /data of db1; anything written only to db2, db3 is lost/,
    );
  });

  it('loses nothing with a single member', () => {
    const alone = anInventory({ hosts: hosts.slice(0, 1) });
    expect(hosts[0] && option?.loses?.(hosts[0], alone)).toBeUndefined();
  });
});

describe('the frontend of the database', () => {
  it.each(['single', 'all'] as const)(
    'sends connections to %s, and checks health on port 9200',
    (writers) => {
      const [frontend] = galera.frontends?.(contextOf(galera, { settings: { writers } })) ?? [];
      expect(frontend).toMatchObject({ port: 3306, active: writers, check: { port: 9200, httpPath: '/' } });
      expect(frontend?.servers).toHaveLength(3);
    },
  );
});

describe('custom ports', () => {
  it('apply to the members, to HAProxy and to the port check', () => {
    const context = contextOf(galera, { settings: { port: 13306, frontend_port: 33306 } });
    const [frontend] = galera.frontends?.(context) ?? [];
    expect(frontend).toMatchObject({ port: 33306, check: { port: 9200 } });
    expect(frontend?.servers.map(({ port }) => port)).toEqual([13306, 13306, 13306]);
    expect(galera.morePorts?.(context).map(({ port }) => port)).toEqual([13306, 4567, 9200]);
  });
});

describe('an arbitrator', () => {
  const web = aHost('web9', { roles: ['dashboard'] });
  const inventory = anInventory({
    hosts: [
      aHost('db1', { roles: ['database'] }),
      aHost('db2', { roles: ['database'] }),
      web,
      aHost('x5', { roles: [] }),
    ],
    settings: { galera: { arbitrator: 'web9' } },
  });
  const context = contextOf(galera, { inventory, settings: { arbitrator: 'web9' } });

  it('runs on a host of the playbook without a server', () => {
    expect(context.hosts.map(({ name }) => name)).toEqual(['db1', 'db2', 'web9']);
    expect(titlesOn(galera, context, 'web9')).toEqual([
      'galera-arbitrator-4',
      '/etc/default/garb',
      '/etc/systemd/system/garb.service.d',
      '/etc/systemd/system/garb.service.d/osha.conf',
      'garb',
    ]);
    expect(titlesOn(galera, context, 'db1')).not.toContain('garb');
  });

  it('lists the members, which do not list it', () => {
    expect(placedFile(galera, context, 'web9', '/etc/default/garb')).toContain(
      'GALERA_NODES="192.0.2.11:4567,192.0.2.12:4567"\nGALERA_GROUP="test"\n',
    );
    expect(placedFile(galera, context, 'db1', CONF)).toContain('gcomm://192.0.2.11,192.0.2.12\n');
    expect(galera.frontends?.(context)[0]?.servers.map(({ host }) => host)).toEqual(['db1', 'db2']);
  });

  it('is started after the cluster is formed, and is probed with it', () => {
    const steps = galera.steps(context);
    const titles = steps.map(({ title }) => title);
    expect(titles.indexOf('Run the arbitrator')).toBeGreaterThan(titles.indexOf('Form the cluster'));
    const members = steps.flatMap((step) => (step.kind === 'cluster' ? [step.operation.members] : []));
    expect(members.map((hosts) => hosts.map(({ name }) => name))).toEqual([
      ['db1', 'db2', 'web9'],
      ['db1', 'db2', 'web9'],
    ]);
    expect(galera.health?.(context)[0]?.members.map(({ name }) => name)).toEqual(['db1', 'db2', 'web9']);
  });

  it('has its own port to check', () => {
    expect(galera.morePorts?.(context).filter(({ hosts }) => hosts?.includes('web9'))).toEqual([
      { port: 4567, process: 'garbd', hosts: ['web9'] },
    ]);
  });

  it('adds no host if there are no members', () => {
    const alone = anInventory({ hosts: [web], settings: { galera: { arbitrator: 'web9' } } });
    expect(galera.hosts(alone)).toEqual([]);
  });
});

describe('a mistake in the galera key', () => {
  /** Problems of `galera: { YAML }` in line 7, with `count` members and a host called web. */
  function problemsOf(yaml: string, count = 2): readonly string[] {
    const lines = [1, 2, 3].map((n) =>
      n <= count ? `  db${n}: { address: 10.0.0.1${n}, roles: [database] }` : '  # none',
    );
    const web = '  web: { address: 10.0.0.20, roles: [dashboard] }';
    const text = ['name: a', 'hosts:', ...lines, web, `galera: { ${yaml} }`, ''].join('\n');
    return checkInventory('/site/a.yaml', text, { playbooks: [galera], platforms: platformIds })
      .problems.filter(({ line }) => line === 7)
      .map(({ column, severity, message, hint }) => `${column}: ${severity}: ${message}; ${hint ?? ''}`);
  }

  const cases: readonly (readonly [string, string, number, readonly string[]])[] = [
    ['an arbitrator for two members is accepted', 'arbitrator: web', 2, []],
    [
      'an arbitrator that is not a host is reported',
      'arbitrator: wep',
      2,
      ['23: error: there is no host "wep"; name one of web'],
    ],
    [
      'an arbitrator that is a member is reported',
      'arbitrator: db1',
      2,
      ['23: error: db1 is already a member: it would hold two votes, and lose both at once; name one of web'],
    ],
    [
      'an arbitrator for three members is reported',
      'arbitrator: web',
      3,
      [
        '23: warning: with 3 members the arbitrator makes the number of votes even, and half of them is no majority; remove it: an arbitrator helps only an even number of members',
      ],
    ],
    [
      'a port of replication is reported',
      'port: 4567',
      3,
      ['17: error: port 4567 is used for inter-node traffic or by the health endpoint; choose another port'],
    ],
    [
      'a collation of another character set is reported',
      'collation: utf8mb4_unicode_ci',
      3,
      ['22: error: utf8mb4_unicode_ci is not a collation of utf8mb3; write one that begins with utf8mb3_'],
    ],
  ];
  it.each(cases)('%s', (_name, yaml, count, expected) => {
    expect(problemsOf(yaml, count)).toEqual(expected);
  });
});
