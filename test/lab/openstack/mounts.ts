import { expect, it } from 'vitest';
import { untilHealthy } from '../support/healthy.ts';
import { until } from '../support/until.ts';
import { INVENTORY, kill, on, start } from './cloud.ts';

const VOLUME = 'images';
const IMAGES = '/var/lib/glance/images';
const HOST = 'controller3';

/** Milliseconds for a host's first mount attempts to fail and to be retried. */
const MOST_WAITING_MS = 5 * 60_000;

/** A unit that waits for a mount is no failure; one that started on the local folder would lose its data below the mount. */
export function mounts(): void {
  it('Glance stays down on a host that boots while its volume is down, and starts with the mount', async () => {
    await on('controller1', `yes | gluster volume stop ${VOLUME} force`);
    await kill(HOST);
    await start(HOST);
    // The boot finishes although the mount is still being retried.
    expect(
      await on(HOST, `systemctl is-failed "$(systemd-escape -p --suffix=mount ${IMAGES})" || :`),
    ).toMatch(/^(failed|activating)$/);
    expect(await on(HOST, 'systemctl is-active glance-api || :')).not.toBe('active');
    expect(await on(HOST, `mountpoint -q ${IMAGES} || find ${IMAGES} -mindepth 1`)).toBe('');

    await on('controller1', `gluster volume start ${VOLUME}`);
    await until('the volume is mounted, and Glance runs on it', MOST_WAITING_MS, async () => {
      const answer = await on(HOST, `mountpoint -q ${IMAGES} && systemctl is-active glance-api || :`);
      return answer === 'active';
    });
    await untilHealthy(INVENTORY, MOST_WAITING_MS);
  });
}
