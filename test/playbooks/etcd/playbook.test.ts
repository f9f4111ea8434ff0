import { describe, expect, it } from 'vitest';
import etcd from '../../../playbooks/etcd/playbook.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile } from '../context.ts';

const ENV = '/etc/default/etcd';

describe('the configuration of a member', () => {
  const env = placedFile(etcd, contextOf(etcd), 'controller2', ENV) ?? '';

  it('listens on its own address, and for clients on loopback too', () => {
    expect(env).toContain('ETCD_NAME=controller2\n');
    expect(env).toContain('ETCD_LISTEN_PEER_URLS=http://192.0.2.12:2380\n');
    expect(env).toContain('ETCD_LISTEN_CLIENT_URLS=http://192.0.2.12:2379,http://127.0.0.1:2379\n');
  });

  it('cannot form a cluster, whatever starts it, because only one start gets the member list', () => {
    expect(env).toContain('ETCD_INITIAL_CLUSTER_STATE=existing\n');
    expect(env).not.toContain('ETCD_INITIAL_CLUSTER=');
    const unit = placedFile(
      etcd,
      contextOf(etcd),
      'controller2',
      '/etc/systemd/system/etcd.service.d/60-osha.conf',
    );
    expect(unit).toContain('EnvironmentFile=-/run/osha/etcd.env\n');
    expect(unit).toContain('ExecStartPost=+/bin/rm -f /run/osha/etcd.env /var/lib/etcd/osha-forming\n');
    expect(unit).toContain('ExecStopPost=+/bin/rm -f /run/osha/etcd.env\n');
  });

  it('does not depend on the name of the deployment, so a new name restarts nothing', () => {
    const renamed = contextOf(etcd, { inventory: anInventory({ name: 'prod' }) });
    expect(placedFile(etcd, renamed, 'controller2', ENV)).toBe(env);
    expect(env).not.toContain('TOKEN');
  });

  it('does not depend on the other members', () => {
    const alone = contextOf(etcd, { inventory: anInventory({ hosts: [aHost('controller2')] }) });
    expect(placedFile(etcd, alone, 'controller2', ENV)).toBe(env);
  });

  it('contains the settings of the inventory', () => {
    const settings = { heartbeat_ms: 200, election_ms: 2000, quota_mb: 4096, compaction_hours: 8 };
    const set = placedFile(etcd, contextOf(etcd, { settings }), 'controller1', ENV);
    expect(set).toContain('ETCD_HEARTBEAT_INTERVAL=200\nETCD_ELECTION_TIMEOUT=2000\n');
    expect(set).toContain('ETCD_QUOTA_BACKEND_BYTES=4294967296\n');
    expect(set).toContain('ETCD_AUTO_COMPACTION_RETENTION=8h\n');
  });
});

describe('the validation of the etcd settings', () => {
  const problemsOf = (hosts = [aHost('controller1')], settings = {}): readonly unknown[] =>
    (etcd.validate?.(anInventory({ hosts }), etcd.settings.parse(settings)) ?? []).map(
      ({ severity, path, message }) => [severity, path.join('.'), message],
    );

  it('accepts the defaults', () => {
    expect(problemsOf()).toEqual([]);
  });

  it.each([
    [
      'an election timeout shorter than five heartbeats',
      problemsOf(undefined, { heartbeat_ms: 300 }),
      ['error', 'etcd.election_ms', 'an election timeout of 1000 ms is shorter than 5 heartbeats of 300 ms'],
    ],
    [
      'a name instead of an address',
      problemsOf([aHost('controller1', { address: 'c1.example.net' })]),
      [
        'error',
        'hosts.controller1.address',
        'etcd listens on an IPv4 address, not on the name c1.example.net',
      ],
    ],
  ])('reports %s', (_name, problems, expected) => {
    expect(problems).toEqual([expected]);
  });
});
