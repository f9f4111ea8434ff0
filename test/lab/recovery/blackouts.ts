import { expect } from 'vitest';
import { HOSTS, INVENTORY, kill, on, sql, start } from '../core/hosts.ts';
import { said } from '../harm/said.ts';
import { osha } from '../support/osha.ts';
import { until } from '../support/until.ts';

/** An outage, and what `osha recover` makes of it. */
export interface Blackout {
  readonly what: string;
  readonly strikes: () => Promise<void>;
  /** For an outage that osha leaves to the operator: the expected refusal, and the operator's fix. */
  readonly refusal?: { readonly says: RegExp; readonly repair: () => Promise<void> };
}

const DATA = '/var/lib/mysql';
const BROKER_DATA = '/var/lib/rabbitmq/mnesia';
const OTHER = 'bbbbbbbb-0000-11f0-8000-000000000002';

const everywhere = (script: string): Promise<readonly string[]> =>
  Promise.all(HOSTS.map((host) => on(host, script)));

/** Kills a unit; it stays down. */
const killed = (unit: string): string => `systemctl kill -s KILL ${unit}; systemctl stop ${unit}`;

/** A host's boot ends only with those that its services wait for, so all of them boot at the same time. */
async function losePower(order: readonly string[]): Promise<void> {
  await Promise.all(HOSTS.map((host) => kill(host)));
  await Promise.all(order.map((host) => start(host)));
}

/** All databases are killed at the same time, in the middle of writes. */
async function killDatabases(): Promise<void> {
  await everywhere(killed('mariadb'));
  await until('all databases are down', 60_000, async () => {
    const states = await everywhere('systemctl is-active mariadb || :');
    return states.every((state) => state === 'failed' || state === 'inactive');
  });
}

async function stopSerially(unit: string, hosts: readonly string[]): Promise<void> {
  for (const host of hosts) await on(host, `systemctl stop ${unit}`);
}

/** Kills all databases, then changes the saved state of the second one. */
async function killDatabasesAnd(script: string): Promise<void> {
  await killDatabases();
  await on('controller2', script);
}

/** The operator's decision after a refusal. Members that are unreachable, or wait for others, are left for later. */
async function bootstrapFrom(host: string): Promise<void> {
  const recovery = await osha('recover', INVENTORY, 'galera', '--bootstrap-from', host, '--yes', '--json');
  expect([0, 4], said(recovery)).toContain(recovery.exitCode);
}

export const BLACKOUTS: readonly Blackout[] = [
  {
    what: 'all hosts lose power and come back in order',
    strikes: () => losePower(HOSTS),
  },
  {
    what: 'all hosts lose power and come back in reverse order',
    strikes: () => losePower([...HOSTS].reverse()),
  },
  {
    what: 'all hosts lose power one after the other, so that the last one has the newest data',
    strikes: async () => {
      for (const host of HOSTS) await kill(host);
      await Promise.all(['controller2', 'controller3', 'controller1'].map((host) => start(host)));
    },
  },
  {
    what: 'all databases are killed, and one host is gone for good',
    strikes: async () => {
      await killDatabases();
      await kill('controller3');
    },
    refusal: {
      says: /controller3 cannot be reached/,
      repair: async () => {
        await bootstrapFrom('controller1');
        await start('controller3');
      },
    },
  },
  { what: 'all databases are killed, so that no position is saved', strikes: killDatabases },
  {
    what: 'all databases are stopped one at a time',
    strikes: () => stopSerially('mariadb', HOSTS),
  },
  {
    what: 'one database was stopped long before the others were killed',
    strikes: async () => {
      await on('controller1', 'systemctl stop mariadb');
      await sql(
        'controller2',
        'CREATE DATABASE IF NOT EXISTS later; CREATE TABLE IF NOT EXISTS later.rows (id INT)',
      );
      await killDatabases();
    },
  },
  {
    what: 'all databases are killed, and one lost its grastate.dat',
    strikes: () => killDatabasesAnd(`rm ${DATA}/grastate.dat`),
  },
  {
    what: 'all databases are killed, and one has an empty grastate.dat',
    strikes: () => killDatabasesAnd(`: >${DATA}/grastate.dat`),
  },
  {
    what: 'all databases are killed, and one has garbage in grastate.dat',
    strikes: () => killDatabasesAnd(`head -c 300 /dev/urandom >${DATA}/grastate.dat`),
  },
  {
    what: 'one database is of another cluster',
    strikes: () =>
      killDatabasesAnd(`sed -i 's/^uuid:.*/uuid: ${OTHER}/; s/^seqno:.*/seqno: 9/' ${DATA}/grastate.dat`),
    refusal: {
      says: /data of different clusters/,
      // As the hint says. The member without data is then new to the cluster.
      repair: async () => {
        await on('controller2', `rm -rf ${DATA}/* ${DATA}/.[!.]*; mariadb-install-db --user=mysql`);
        await bootstrapFrom('controller1');
      },
    },
  },
  { what: 'all brokers are killed', strikes: async () => void (await everywhere(killed('rabbitmq-server'))) },
  {
    what: 'all brokers are stopped one at a time',
    strikes: () => stopSerially('rabbitmq-server', HOSTS),
  },
  {
    what: 'all brokers are killed, and one lost its data',
    strikes: async () => {
      await everywhere(killed('rabbitmq-server'));
      await on('controller3', `rm -rf ${BROKER_DATA}/*`);
    },
  },
  {
    what: 'all brokers are killed, and one that lost its data comes up first, alone',
    strikes: async () => {
      await everywhere(killed('rabbitmq-server'));
      await on('controller3', `rm -rf ${BROKER_DATA}/*; systemctl start rabbitmq-server`);
      await Promise.all(
        ['controller1', 'controller2'].map((host) => on(host, 'systemctl start --no-block rabbitmq-server')),
      );
    },
  },
  {
    what: 'all members of etcd are killed',
    strikes: async () => void (await everywhere(killed('etcd'))),
  },
  {
    what: 'all members of etcd are killed, and one lost its data',
    strikes: async () => {
      await everywhere(killed('etcd'));
      await on('controller3', 'rm -rf /var/lib/etcd/*');
    },
  },
  {
    what: 'Pacemaker is stopped everywhere',
    strikes: async () => void (await on('controller1', 'pcs cluster stop --all --request-timeout=120 2>&1')),
  },
  {
    what: 'all caches and load balancers are killed',
    strikes: async () => void (await everywhere(`${killed('memcached')}; ${killed('haproxy')}`)),
  },
  {
    what: 'everything is stopped everywhere at once',
    strikes: async () => {
      await on('controller1', 'pcs cluster stop --all --request-timeout=120 2>&1');
      await everywhere('systemctl stop haproxy mariadb rabbitmq-server etcd memcached chrony');
    },
  },
];
