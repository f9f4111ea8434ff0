import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  readCertificateFiles,
  certificateFileProblems,
} from '../../../src/operations/tls/certificate-files.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { runHere } from '../local.ts';
import { CA, keyOf, NOW, placed, sample, strangeKey } from './samples.ts';
import { provided } from '../../../src/operations/tls/placed.ts';

const folder = folderForAll();
const inventory = { file: join(folder, 'inventory.yaml') };
const vip = { name: 'api', address: '192.0.2.20' };
const write = (name: string, content: string, mode = 0o600): void =>
  writeFileSync(join(folder, name), content, { mode });
const files = { certificate: './api.pem', key: 'api.key' };

let certificate = '';
let key = '';
beforeAll(async () => {
  const { pem } = await sample();
  const at = pem.indexOf('-----BEGIN PRIVATE KEY');
  [certificate, key] = [pem.slice(0, at), pem.slice(at)];
  write('api.pem', `a comment\n${certificate}${CA.certificate}`);
  write('api.key', key);
  write('open.key', key, 0o644);
  write('other.key', strangeKey());
  const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a' } as const;
  write('locked.key', keyOf(pem).export(locked).toString());
  write('old.pem', (await sample({ daysAgo: 500 })).pem);
  write('late.pem', (await sample({ daysAgo: 380 })).pem);
  write('stranger.pem', (await sample({ names: ['db', '192.0.2.21'] })).pem);
  mkdirSync(join(folder, 'folder'));
});

describe('the files of a certificate', () => {
  it('are accepted where they match each other and the virtual IP', () => {
    expect(certificateFileProblems(inventory, files, vip, NOW)).toEqual([]);
  });

  const others = 'api.key is not the key of';
  const cases: readonly (readonly [string, Partial<typeof files>, readonly string[]])[] = [
    ['are missing', { certificate: 'no.pem' }, ['error certificate: no such file: no.pem']],
    ['are folders', { certificate: 'folder' }, ['error certificate: folder is a directory']],
    ['hold something else', { certificate: 'api.key' }, ['error certificate: api.key holds no certificate']],
    ['hold no key', { key: './api.pem' }, ['error key: ./api.pem holds no private key']],
    ['are encrypted', { key: 'locked.key' }, ['error key: locked.key is encrypted']],
    ['are read by all', { key: 'open.key' }, ['error key: open.key is readable by other users (mode 644)']],
    ['are of two pairs', { key: 'other.key' }, ['error key: other.key is not the key of ./api.pem']],
    [
      'have expired',
      { certificate: 'old.pem' },
      [`error key: ${others} old.pem`, 'error certificate: old.pem expired on 2026-11-17'],
    ],
    [
      'expire soon',
      { certificate: 'late.pem' },
      [`error key: ${others} late.pem`, 'warning certificate: late.pem expires in 16 days, on 2027-03-17'],
    ],
    [
      'are for something else',
      { certificate: 'stranger.pem' },
      [
        `error key: ${others} stranger.pem`,
        'warning certificate: stranger.pem is valid for 192.0.2.21, db, not for 192.0.2.20 or api',
      ],
    ],
  ];
  it.each(cases)('are rejected or warned about when they %s', (_what, different, expected) => {
    const found = certificateFileProblems(inventory, { ...files, ...different }, vip, NOW);
    expect(found.map((one) => `${one.severity} ${one.in}: ${one.message}`)).toEqual(expected);
  });
});

describe('a provided certificate on a host', () => {
  it('is installed with its chain and key, without showing any of the key', () => {
    const [change] = provided('/tls/api.pem', readCertificateFiles(inventory, files)).decide(
      placed({ same: false, access: 'root:root 600' }),
    );
    if (
      change?.input === undefined ||
      typeof change.input === 'function' ||
      change.input instanceof Uint8Array
    ) {
      throw new Error('there is no text to place');
    }
    const text = asSecretText(change.input);
    expect(text.reveal()).toBe(`${certificate}${CA.certificate}${key}`);
    expect(JSON.stringify(change)).not.toContain(key.split('\n')[1]);
    expect(change.summary).toBe('install the provided certificate at /tls/api.pem (replaces another one)');
  });

  it('is left alone where it is the same', () => {
    const path = join(folder, 'placed.pem');
    write('placed.pem', `${certificate}${CA.certificate}${key}`);
    const operation = provided(path, readCertificateFiles(inventory, files));
    const observed = operation.probe.parse(runHere(operation.probe.script, operation.probe.input));
    expect(operation.decide({ ...observed, access: 'root:root 600' })).toEqual([]);
    expect(operation.probe.script).not.toContain(certificate.split('\n')[1]);
  });
});
