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

/** Parses a secret's value as an RSA key; `undefined` where it is none. */
export function readPrivateKey(value: string): KeyObject | undefined {
  try {
    const key = createPrivateKey({ key: Buffer.from(value, 'base64url'), type: 'pkcs8', format: 'der' });
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The size of an RSA key's modulus in bits. */
export function bitsOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}
