import { expect, it } from 'vitest';
import { changesOf, osha } from '../support/osha.ts';
import { ADDRESSES, CONTROLLERS, INVENTORY, isValid, login, on } from './cloud.ts';

const KEYS = '/etc/keystone/fernet-keys';

/** Rotation is a manual phase. */
export function keys(): void {
  it('rotates the keys on every host, and earlier tokens stay valid', async () => {
    const token = await login();
    const sums = (): Promise<readonly string[]> =>
      Promise.all(CONTROLLERS.map((host) => on(host, `cd ${KEYS} && sha256sum [0-9]*`)));
    const before = await sums();
    // A key is replaced only after a minimum age.
    for (const host of CONTROLLERS) await on(host, `touch -d '1 hour ago' ${KEYS}/[1-9]*`);
    const rotated = await osha('deploy', INVENTORY, '--only', 'rotate-keys', '--json');
    expect(rotated.exitCode, rotated.stderr).toBe(0);
    expect(changesOf(rotated)).toHaveLength(CONTROLLERS.length);
    const after = await sums();
    expect(new Set(after).size).toBe(1);
    expect(after[0]).not.toBe(before[0]);
    expect(await isValid(token)).toBe(true);
    // Each API accepts tokens issued by the others.
    const [first = '', ...others] = await Promise.all(
      Object.values(ADDRESSES).map((address) => login(`http://${address}:5000`)),
    );
    for (const one of [first, ...others]) expect(await isValid(one)).toBe(true);
  });

  it('does nothing if it runs again at once', async () => {
    const again = await osha('deploy', INVENTORY, '--only', 'rotate-keys', '--json');
    expect(again.exitCode).toBe(0);
    expect(changesOf(again)).toEqual([]);
  });
}
