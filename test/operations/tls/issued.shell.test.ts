import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authority } from '../../../src/operations/tls/authority.ts';
import { issued } from '../../../src/operations/tls/issued.ts';
import { certificateProbe, type PlacedCertificate, noOthers } from '../../../src/operations/tls/placed.ts';
import { readCertificate } from '../../../src/operations/tls/certificate.ts';
import { newPrivateKey } from '../../../src/secrets/private-key.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { runHere } from '../local.ts';
import { EARLIER } from './earlier-release.ts';
import { CA, NAMES, NOW, placed, sample, strangeKey } from './samples.ts';

const PATH = '/etc/haproxy/tls/api.pem';
const options = { authority: CA, names: NAMES, days: 397, renewDays: 30 };
const formerCa = authority('prod', new Secret('former', newPrivateKey(2048)));
const strangeCa = authority('elsewhere', formerCa.key);
const seen = async (given: Parameters<typeof sample>[0]): Promise<PlacedCertificate> =>
  placed({ certificate: (await sample(given)).certificate });

describe('a certificate that osha issues', () => {
  const kept: readonly (readonly [string, Parameters<typeof sample>[0]])[] = [
    ['as new', {}],
    ['with the days left that it may have', { daysAgo: 366 }],
  ];
  it.each(kept)('is kept %s', async (_what, given) => {
    expect(issued(PATH, options).decide(await seen(given))).toEqual([]);
  });

  it('is kept on a host that has it from an earlier release', () => {
    const earlierCa = authority('prod', new Secret('earlier', EARLIER.key));
    const certificate = readCertificate(EARLIER.issued);
    if (!certificate) throw new Error('the certificate of the earlier release cannot be read');
    expect(issued(PATH, { ...options, authority: earlierCa }).decide(placed({ certificate }))).toEqual([]);
  });

  const replaced: readonly (readonly [string, () => Promise<PlacedCertificate>])[] = [
    ['there is none', async () => ({ now: NOW, keyFits: false, same: false })],
    ['the file holds none', async () => placed({ keyFits: false })],
    ['its key is not in the file', async () => ({ ...(await seen({})), keyFits: false })],
    ['an earlier key of the CA signed it', () => seen({ by: formerCa })],
    ['osha CA elsewhere signed it', () => seen({ by: strangeCa })],
    ['it lacks controller', () => seen({ names: ['api', '192.0.2.20'] })],
    ['it also covers former', () => seen({ names: [...NAMES, 'former'] })],
    ['it expires in 29 days', () => seen({ daysAgo: 367 })],
    ['it has expired', () => seen({ daysAgo: 400 })],
    ['it is not valid yet', () => seen({ daysAgo: -2 })],
    ['it is valid for 90 days, not 397', () => seen({ days: 90 })],
  ];
  it.each(replaced)('is issued because %s', async (reason, observed) => {
    const changes = issued(PATH, options).decide(await observed());
    expect(changes.map((change) => change.summary)).toEqual([
      `issue a certificate for api, 192.0.2.20, controller (${reason})`,
    ]);
  });

  it('generates its key when the change is applied, and shows it nowhere', async () => {
    const [change] = issued(PATH, options).decide({ now: NOW, keyFits: false, same: false });
    if (typeof change?.input !== 'function') throw new Error('the input is made too early');
    const input = asSecretText(await change.input());
    expect(input.reveal()).toMatch(/CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----/);
    expect(JSON.stringify([change, input])).not.toContain('PRIVATE KEY');
  });

  it('is readable by root only', async () => {
    const changes = issued(PATH, options).decide({ ...(await seen({})), access: 'haproxy:haproxy 644' });
    expect(changes.map((change) => change.summary)).toEqual([
      `change ${PATH}: haproxy:haproxy 644 to root:root 600`,
    ]);
  });
});

describe('the probe of a certificate file', () => {
  const folder = folderForAll();
  const file = join(folder, 'api.pem');
  const ask = (content: string): { stdout: string; seen: PlacedCertificate } => {
    writeFileSync(file, content, { mode: 0o600 });
    const probe = certificateProbe(file);
    const answer = runHere(probe.script);
    return { stdout: answer.stdout, seen: probe.parse(answer) };
  };

  it('returns the certificate and whether the key matches, never the key', async () => {
    const { pem, certificate } = await sample();
    const { stdout, seen } = ask(pem);
    expect(stdout).not.toContain('PRIVATE');
    expect(seen.certificate?.x509.fingerprint256).toBe(certificate.x509.fingerprint256);
    expect(seen.keyFits).toBe(true);
    expect(Math.abs(seen.now - Date.now() / 1000)).toBeLessThan(30);
  });

  const broken: readonly (readonly [string, (pem: string) => string, boolean])[] = [
    ['another key', (pem) => pem.replace(/-----BEGIN PRIVATE[^]*/, strangeKey()), true],
    ['no key', (pem) => pem.replace(/-----BEGIN PRIVATE[^]*/, ''), true],
    ['a certificate cut short', (pem) => pem.replace(/-----END CERTIFICATE-----\n/, ''), false],
    ['nothing', () => '', false],
  ];
  it.each(broken)('finds %s', async (_what, breaking, certified) => {
    const { stdout, seen } = ask(breaking((await sample()).pem));
    expect([seen.keyFits, seen.certificate !== undefined]).toEqual([false, certified]);
    expect(stdout).not.toContain('PRIVATE');
  });

  it('finds no file', () => {
    const probe = certificateProbe(join(folder, 'none.pem'));
    expect(probe.parse(runHere(probe.script)).access).toBeUndefined();
  });

  it('finds unused certificates, which are only pruned on request', () => {
    writeFileSync(join(folder, 'former.pem'), '');
    const operation = noOthers(folder, [file]);
    const changes = operation.decide(operation.probe.parse(runHere(operation.probe.script)));
    expect(changes.map(({ summary, prunes }) => [summary, prunes])).toEqual([
      [`remove ${join(folder, 'former.pem')}`, true],
    ]);
  });
});
