import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Secret } from '../../src/secrets/secret.ts';
import { openRootShell } from '../../src/transport/root-shell.ts';
import { aHost } from '../support/inventory.ts';

it('a refusal masks the password where sudo echoes it', async () => {
  const host = aHost('h', {
    ssh: { user: 'deploy', port: 22, sudo: true, knownHosts: [], jump: [], config: false },
  });
  const stderr = new PassThrough();
  let close = (): void => undefined;
  const opening = openRootShell(host, {
    user: 'deploy',
    maxOutputBytes: 1000,
    sudoPassword: new Secret('sudo password', 'hunter2hunter2'),
    openAnother: () => Promise.reject(new Error('there is one')),
    start: () =>
      Promise.resolve({
        stdin: new PassThrough(),
        stdout: new PassThrough(),
        stderr,
        onClosed: (listener) => {
          close = () => listener('it ended');
        },
        forward: () => Promise.reject(new Error('it connects to nothing')),
        destroy: () => undefined,
        disconnect: () => Promise.resolve(),
      }),
  });
  const refused = opening.catch((error: unknown) => error);
  // Wait for the listener.
  await expect.poll(() => stderr.listenerCount('data')).toBe(1);
  stderr.on('data', () => setImmediate(() => close()));
  stderr.write('pam: "hunter2\u001b[1mhunter2" is no password of deploy\n');
  expect(await refused).toMatchObject({
    kind: 'sudo-refused',
    message: expect.stringContaining('pam: "<secret sudo password>" is no password of deploy') as string,
  });
});
