import { createPublicKey, X509Certificate } from 'node:crypto';
import { readPrivateKey } from '../../secrets/private-key.ts';
import { maskOf, type Secret } from '../../secrets/secret.ts';
import { keyIdentifier, signedCertificate } from './certificate.ts';

/** The CA that osha itself makes for one deployment. */
export interface Authority {
  /** The common name of its certificate. */
  readonly name: string;
  readonly key: Secret;
  /** Its certificate as PEM; a line that stands for it where only the mask of the key is known. */
  readonly certificate: string;
}

/** The CA's certificate is valid from 2025 to the last second that every program reads alike (RFC 5280, 4.1.2.5). */
const NOT_BEFORE = Date.UTC(2025, 0, 1) / 1000;
const NOT_AFTER = Date.UTC(2049, 11, 31, 23, 59, 59) / 1000;

/**
 * The CA of a deployment. Its certificate follows from the key and the deployment's name alone: its serial number is
 * taken from the key, and its validity is fixed, so that it is the same bytes whenever and wherever it is made, and
 * needs to be kept nowhere. Another key makes another CA. Throws a `TypeError` for a secret that is no key.
 */
export function authority(deployment: string, key: Secret): Authority {
  const name = `osha CA ${deployment}`;
  const value = key.reveal();
  if (value === maskOf(key.name)) return { name, key, certificate: `(the certificate of ${name})\n` };
  const signer = readPrivateKey(value);
  if (signer === undefined) throw new TypeError(`the secret ${key.name} is no private key`);
  const publicKey = createPublicKey(signer);
  const certificate = signedCertificate(
    {
      subject: name,
      issuer: name,
      // 16 bytes of which the first is never 0.
      serial: Buffer.concat([Buffer.of(1), keyIdentifier(publicKey).subarray(0, 15)]),
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      publicKey,
      for: 'authority',
    },
    signer,
  );
  return { name, key, certificate };
}

/** The serial number of a CA's certificate in small hexadecimal digits: it follows from the key alone. */
export function serialOf({ certificate }: Pick<Authority, 'certificate'>): string {
  return new X509Certificate(certificate).serialNumber.toLowerCase();
}
