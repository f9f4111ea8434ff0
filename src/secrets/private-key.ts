import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A new RSA key as a secret's value. Takes some tenths of a second. */
export function newPrivateKey(bits: number): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: bits,
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  return privateKey.toString('base64url');
}

/** The RSA key that a secret's value is; `undefined` where it is none. */
export function readPrivateKey(value: string): KeyObject | undefined {
  try {
    const key = createPrivateKey({ key: Buffer.from(value, 'base64url'), type: 'pkcs8', format: 'der' });
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Bits of an RSA key's modulus. */
export function bitsOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}
