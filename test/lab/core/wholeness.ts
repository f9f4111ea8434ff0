import { expect, it } from 'vitest';
import { recordsOfRuns, secretsIn } from '../support/secrets.ts';
import { changesOf, osha, summaryOf } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { ADDRESSES, API_VIP, DATABASE_VIP, holdersOf, HOSTS, INVENTORY, on, sql } from './hosts.ts';

/** The maximum number of round trips of a converged phase on each host. */
const MOST_ROUND_TRIPS = 2;

export function wholeness(): void {
  it('is healthy in status', async () => {
    const status = await osha('status', INVENTORY);
    expect(status.stdout + status.stderr).not.toMatch(/defect/);
    expect(status.exitCode, status.stdout + status.stderr).toBe(0);
  });

  it('is converged on a second deploy, in at most two round trips per phase and host', async () => {
    const again = await osha('deploy', INVENTORY, '--json');
    expect(again.exitCode, again.stderr).toBe(0);
    expect(changesOf(again)).toEqual([]);
    const { changes, failed, hosts } = summaryOf(again);
    expect({ changes, failed }).toEqual({ changes: 0, failed: 0 });
    for (const host of HOSTS) expect(hosts[host]).toMatchObject({ changes: 0, failed: 0 });
    const chatty = again.events.flatMap((event) =>
      event.event === 'phase-finished'
        ? Object.entries(event.roundTrips)
            .filter(([, count]) => count > MOST_ROUND_TRIPS)
            .map(([host, count]) => `${event.phase} on ${host}: ${count}`)
        : [],
    );
    expect(chatty).toEqual([]);
  });

  it('has three database members in one cluster', async () => {
    const wanted = [
      'wsrep_cluster_size\t3',
      'wsrep_cluster_status\tPrimary',
      'wsrep_local_state_comment\tSynced',
    ];
    for (const host of HOSTS) {
      const state = await sql(host, "SHOW STATUS LIKE 'wsrep_%'");
      for (const line of wanted) expect(state).toContain(line);
    }
  });

  it('replicates a row to every node and to the VIP', async () => {
    await sql(
      'controller1',
      `
      CREATE DATABASE IF NOT EXISTS labtest; CREATE TABLE IF NOT EXISTS labtest.rows (id INT PRIMARY KEY, word TEXT);
      REPLACE INTO labtest.rows VALUES (1, 'written on controller1');
      CREATE USER IF NOT EXISTS 'labtest'@'%' IDENTIFIED BY 'labtest'; GRANT ALL ON labtest.* TO 'labtest'@'%'`,
    );
    for (const host of HOSTS) {
      await until(
        'the row arrives',
        5000,
        async () =>
          (await sql(host, 'SELECT word FROM labtest.rows WHERE id = 1')) === 'written on controller1',
      );
    }
    const throughVip = `mysql -h ${DATABASE_VIP} -u labtest -plabtest -BN -e 'SELECT word FROM labtest.rows WHERE id = 1'`;
    for (const host of HOSTS) expect(await on(host, throughVip)).toBe('written on controller1');
  });

  it('delivers a message from one broker node to another', async () => {
    for (const host of HOSTS) {
      const status = JSON.parse(await on(host, 'rabbitmqctl -q cluster_status --formatter json')) as {
        running_nodes: string[];
        partitions: object;
      };
      expect(status.running_nodes).toHaveLength(3);
      expect(status.partitions).toEqual({});
    }
    await on(
      'controller1',
      `rabbitmqctl -q add_user labtest labtest 2>/dev/null; rabbitmqctl -q set_user_tags labtest administrator; rabbitmqctl -q set_permissions labtest '.*' '.*' '.*'`,
    );
    const api = (host: string, method: string, path: string, body: string): Promise<string> =>
      on(
        host,
        `curl -sf -u labtest:labtest -X ${method} -H content-type:application/json -d '${body}' http://${ADDRESSES[host]}:15672/api/${path}`,
      );
    await api('controller1', 'PUT', 'queues/%2f/labtest', '{"durable":true}');
    await api(
      'controller1',
      'POST',
      'exchanges/%2f/amq.default/publish',
      '{"properties":{},"routing_key":"labtest","payload":"across","payload_encoding":"string"}',
    );
    const got = await api(
      'controller3',
      'POST',
      'queues/%2f/labtest/get',
      '{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}',
    );
    expect(got).toContain('"payload":"across"');
    await api('controller1', 'DELETE', 'queues/%2f/labtest', '{}');
    await on('controller1', 'rabbitmqctl -q delete_user labtest');
  });

  it.each([API_VIP, DATABASE_VIP])('holds the virtual IP %s on exactly one host', async (vip) => {
    expect(await holdersOf(vip, HOSTS)).toHaveLength(1);
  });

  it("serves HAProxy's statistics on each host's own address, only with the password", async () => {
    const code = (address: string): Promise<string> =>
      on('controller1', `curl -s -o /dev/null -w '%{http_code}' http://${address}:1080/`);
    expect(await code('172.29.77.11')).toBe('401');
    expect(await code(API_VIP)).toBe('404');
  });

  it('has synchronized clocks', async () => {
    for (const host of HOSTS) expect(await on(host, 'chronyc -n tracking')).toMatch(/Leap status +: Normal/);
  });

  it('takes a database node out of rotation when it is not Synced: 9200 answers 503', async () => {
    const code = (): Promise<string> =>
      on('controller1', `curl -s -o /dev/null -w '%{http_code}' http://172.29.77.12:9200/`);
    expect(await code()).toBe('200');
    try {
      await sql('controller2', 'SET GLOBAL wsrep_desync = ON');
      await until('9200 answers 503', 5000, async () => (await code()) === '503');
    } finally {
      await sql('controller2', 'SET GLOBAL wsrep_desync = OFF');
    }
    await until('9200 answers 200 again', 10_000, async () => (await code()) === '200');
  });

  it('keeps its whole configuration when a single host is deployed', async () => {
    const limited = await osha('deploy', INVENTORY, '--limit', 'controller2', '--json');
    expect(changesOf(limited)).toEqual([]);
    expect(limited.exitCode).toBe(0);
  });

  it('has no secret in the records of its runs', () => {
    const records = recordsOfRuns();
    expect(records).toContain('rabbitmq');
    expect(secretsIn(records)).toEqual([]);
  });
}
