import { describe, expect, it } from 'vitest';
import etcd from '../../../playbooks/etcd/playbook.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { contextOf, placedFile } from '../context.ts';

const ENV = '/etc/default/etcd';

describe('the configuration of a member', () => {
  const env = placedFile(etcd, contextOf(etcd), 'controller2', ENV) ?? '';

  it('listens at its own address, and for clients on loopback too', () => {
    expect(env).toContain('ETCD_NAME=controller2\n');
    expect(env).toContain('ETCD_LISTEN_PEER_URLS=http://192.0.2.12:2380\n');
    expect(env).toContain('ETCD_LISTEN_CLIENT_URLS=http://192.0.2.12:2379,http://127.0.0.1:2379\n');
  });

  it('cannot form a cluster, whatever starts it: that is told to one start only', () => {
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

  it('is the same whatever the deployment is called: a new name restarts nothing', () => {
    const renamed = contextOf(etcd, { inventory: anInventory({ name: 'prod' }) });
    expect(placedFile(etcd, renamed, 'controller2', ENV)).toBe(env);
    expect(env).not.toContain('TOKEN');
  });

  it('is the same whoever the other members are', () => {
    const alone = contextOf(etcd, { inventory: anInventory({ hosts: [aHost('controller2')] }) });
    expect(placedFile(etcd, alone, 'controller2', ENV)).toBe(env);
  });

  it('has what the inventory says', () => {
    const settings = { heartbeat_ms: 200, election_ms: 2000, quota_mb: 4096, compaction_hours: 8 };
    const set = placedFile(etcd, contextOf(etcd, { settings }), 'controller1', ENV);
    expect(set).toContain('ETCD_HEARTBEAT_INTERVAL=200\nETCD_ELECTION_TIMEOUT=2000\n');
    expect(set).toContain('ETCD_QUOTA_BACKEND_BYTES=4294967296\n');
    expect(set).toContain('ETCD_AUTO_COMPACTION_RETENTION=8h\n');
  });
});

describe('mistakes that etcd would only tell when it starts', () => {
  const told = (hosts = [aHost('controller1')], settings = {}): readonly unknown[] =>
    (etcd.validate?.(anInventory({ hosts }), etcd.settings.parse(settings)) ?? []).map(
      ({ severity, path, message }) => [severity, path.join('.'), message],
    );

  it('are not made by default', () => {
    expect(told()).toEqual([]);
  });

  it.each([
    [
      'an election without time for heartbeats',
      told(undefined, { heartbeat_ms: 300 }),
      ['error', 'etcd.election_ms', 'an election after 1000 ms leaves no time for 5 heartbeats of 300 ms'],
    ],
    [
      'a name to listen at',
      told([aHost('controller1', { address: 'c1.example.net' })]),
      [
        'error',
        'hosts.controller1.address',
        'etcd listens at an IPv4 address, not at the name c1.example.net',
      ],
    ],
  ])('%s', (_name, problems, expected) => {
    expect(problems).toEqual([expected]);
  });
});
