import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, afterEach, vi } from 'vitest';
import { ConnectError } from '../../src/transport/errors.ts';
import { identitiesOf, usableAgent } from '../../src/transport/login-methods.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { createServer, type Server } from 'node:net';

const GOOD = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;
const CUT = `${GOOD.split('\n').slice(0, 4).join('\n')}\n-----END RSA PRIVATE KEY-----\n`;

describe('a private key', () => {
  let file: string;
  beforeEach(() => (file = join(folderForTest(), 'id')));

  const write = (text: string, mode = 0o600): void => {
    writeFileSync(file, text);
    chmodSync(file, mode);
  };

  it.each([0o600, 0o400, 0o700])('with mode %o is offered', (mode) => {
    write(GOOD, mode);
    expect(identitiesOf({ identity: file })).toMatchObject({ usable: [{ file }], skipped: [] });
  });

  it.each<[string, string, number, string]>([
    ['that others can read', GOOD, 0o644, 'is readable by others (mode 644)'],
    ['that the group can read', GOOD, 0o640, 'is readable by others (mode 640)'],
    ['that is truncated', CUT, 0o600, 'is damaged, or of an unsupported type'],
    [
      'of an unknown format',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
      0o600,
      'has a passphrase',
    ],
    ['that is not a private key', 'hello\n', 0o600, 'is not a private key'],
  ])('%s is an error in the inventory, and skipped elsewhere', (_what, text, mode, why) => {
    write(text, mode);
    expect(identitiesOf({ identityFiles: [file] })).toMatchObject({ usable: [], skipped: [{ file, why }] });
    if (why === 'has a passphrase') return;
    const error: unknown = (() => {
      try {
        return identitiesOf({ identity: file });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({
      kind: 'identity-unreadable',
      message: expect.stringContaining(why) as string,
    });
  });

  it('is offered without its certificate, which is reported', () => {
    write(GOOD);
    writeFileSync(`${file}-cert.pub`, 'ssh-rsa-cert-v01@openssh.com AAAA me\n');
    expect(identitiesOf({ identity: file })).toMatchObject({
      usable: [{ file }],
      certificates: [`${file}-cert.pub`],
    });
  });
});

let server: Server | undefined;
afterEach(() => {
  vi.unstubAllEnvs();
  server?.close();
});

it('an agent that accepts connections and never answers is skipped', async () => {
  const socket = join(folderForTest(), 'agent');
  server = createServer();
  await new Promise<void>((listening) => server?.listen(socket, listening));
  vi.stubEnv('SSH_AUTH_SOCK', socket);
  expect(await usableAgent(undefined, 50)).toBeUndefined();
});

it('an agent whose socket is gone is skipped', async () => {
  vi.stubEnv('SSH_AUTH_SOCK', join(folderForTest(), 'nobody'));
  expect(await usableAgent()).toBeUndefined();
});
