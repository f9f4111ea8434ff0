import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { authority, type Authority } from '../../../src/operations/tls/authority.ts';
import type { PlacedCertificate } from '../../../src/operations/tls/placed.ts';
import { readCertificate, type CertificateFacts } from '../../../src/operations/tls/certificate.ts';
import { newPrivateKey } from '../../../src/secrets/private-key.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { issue } from '../../../src/operations/tls/issued.ts';

/** A key as `secrets.yaml` holds one; shorter than those of a deployment, because it takes less time. */
export const KEY = newPrivateKey(2048);

/** A CA for tests. */
export const CA: Authority = authority('prod', new Secret('tlsAuthority', KEY));

/** The host's clock in these tests: 1 March 2027. */
export const NOW = Date.UTC(2027, 2, 1) / 1000;

export const NAMES = ['api', '192.0.2.20', 'controller'];

export interface IssuedSample {
  readonly pem: string;
  readonly certificate: CertificateFacts;
}

/** A certificate by that CA and its key, made so many days ago. */
export async function sample(
  given: { by?: Authority; names?: readonly string[]; days?: number; daysAgo?: number } = {},
): Promise<IssuedSample> {
  const made = NOW - (given.daysAgo ?? 0) * 86_400;
  const request = { names: given.names ?? NAMES, days: given.days ?? 397 };
  const pem = (await issue(given.by ?? CA, request, made)).reveal();
  const certificate = readCertificate(pem);
  if (!certificate) throw new Error('no certificate was made');
  return { pem, certificate };
}

/** What a host says of a file that is as it should be, but for what is given. */
export function placed(given: Partial<PlacedCertificate>): PlacedCertificate {
  return { now: NOW, keyFits: true, same: false, access: 'root:root 600', ...given };
}

/** The key in a text of PEM. */
export function keyOf(pem: string): KeyObject {
  return createPrivateKey(pem.slice(pem.indexOf('-----BEGIN PRIVATE KEY')));
}

/** A key that belongs to nothing, as PEM. */
export function strangeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
