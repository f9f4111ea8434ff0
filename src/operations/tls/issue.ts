import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { readPrivateKey } from '../../secrets/private-key.ts';
import { text, type SecretText } from '../../secrets/text.ts';
import type { Authority } from './authority.ts';
import { signedCertificate } from './certificate.ts';

/** Seconds that a new certificate is valid already: the clock of a client may be behind. */
const BEFORE = 3600;

export const DAY = 86_400;

export interface CertificateRequest {
  /** The names and IPv4 addresses that a client may ask for; the first one is its subject. */
  readonly names: readonly string[];
  readonly days: number;
}

/**
 * A new key and the CA's certificate for it, as PEM in one text. The key (P-256) is on no disk but the host's.
 * Throws a `TypeError` where the CA's key is not known.
 */
export async function issue(
  authority: Authority,
  request: CertificateRequest,
  now: number,
): Promise<SecretText> {
  const signer = readPrivateKey(authority.key.reveal());
  if (signer === undefined) throw new TypeError(`the secret ${authority.key.name} is no private key`);
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const [subject = ''] = request.names;
  const notBefore = Math.floor(now) - BEFORE;
  const certificate = signedCertificate(
    {
      subject,
      issuer: authority.name,
      serial: Buffer.concat([Buffer.of(1), randomBytes(15)]),
      notBefore,
      notAfter: notBefore + request.days * DAY,
      publicKey,
      for: { names: request.names },
    },
    signer,
  );
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return text`${certificate}${authority.key.derive(() => key, `key of ${subject}`)}`;
}
