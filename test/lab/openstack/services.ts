import { expect, it } from 'vitest';
import { osha } from '../support/osha.ts';
import { until } from '../support/until.ts';
import { INVENTORY, on } from './cloud.ts';

/** HAProxy checks every 2 s, and drops a server after five failed checks. */
const MOST_DETECTION_MS = 30_000;

/** The state of a server in HAProxy on `observer`: UP, DOWN, or in transition. */
async function serverState(observer: string, backend: string, server: string): Promise<string> {
  const stats = await on(
    observer,
    "echo 'show stat' | socat - /run/haproxy/admin.sock 2>/dev/null || python3 - <<'END'\nimport socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('/run/haproxy/admin.sock')\ns.sendall(b'show stat\\n')\nwhile True:\n    part = s.recv(65536)\n    if not part: break\n    print(part.decode(), end='')\nEND",
  );
  const row = stats.split('\n').find((line) => line.startsWith(`${backend},${server},`));
  return row?.split(',')[17] ?? 'absent';
}

export function services(): void {
  it.each([
    ['glance-api', 'glance'],
    ['nova-api', 'nova'],
  ])('%s stopped on one host is out of rotation, and back when it runs again', async (unit, backend) => {
    await on('controller2', `systemctl stop ${unit}`);
    await until(`${backend} on controller2 is out`, MOST_DETECTION_MS, async () =>
      (await serverState('controller1', backend, 'controller2')).startsWith('DOWN'),
    );
    const status = await osha('status', INVENTORY, '--only', backend);
    expect(status.exitCode).toBe(1);
    expect(status.stdout).toMatch(/API +controller2 +UNHEALTHY/);
    await on('controller2', `systemctl start ${unit}`);
    await until(`${backend} on controller2 is back`, 60_000, async () =>
      (await serverState('controller1', backend, 'controller2')).startsWith('UP'),
    );
  });

  it('a killed process is restarted by systemd', async () => {
    const pid = (): Promise<string> => on('controller3', 'systemctl show -P MainPID nova-conductor');
    const before = await pid();
    await on('controller3', `kill -KILL ${before}`);
    await until('it runs again', 30_000, async () => !['0', before].includes(await pid()));
  });

  it('status reports a wrong database password, with the host and the service', async () => {
    const conf = '/etc/cinder/cinder.conf';
    await on(
      'controller2',
      `cp -p ${conf} /root/cinder.conf && sed -i 's|pymysql://cinder:[^@]*@|pymysql://cinder:wrong@|' ${conf} && systemctl restart cinder-api`,
    );
    await until('the API answers again', 60_000, async () => {
      await on(
        'controller2',
        'curl -sf -o /dev/null http://172.29.80.12:8776/healthcheck || curl -s -o /dev/null http://172.29.80.12:8776/',
      );
      return true;
    });
    const status = await osha('status', INVENTORY, '--only', 'cinder');
    expect(status.exitCode, status.stdout).toBe(1);
    expect(status.stdout).toMatch(/Cinder[^]*API +controller2 +UNHEALTHY +answers 500/);
    expect(status.stdout).not.toMatch(/API +controller[13][^\n]*UNHEALTHY/);
  });

  it('another deploy repairs it', async () => {
    const mended = await osha('deploy', INVENTORY, '--only', 'cinder', '--json');
    expect(mended.exitCode, mended.stderr).toBe(0);
    const status = await osha('status', INVENTORY, '--only', 'cinder');
    expect(status.exitCode, status.stdout).toBe(0);
    await on('controller2', 'rm /root/cinder.conf');
  });
}
