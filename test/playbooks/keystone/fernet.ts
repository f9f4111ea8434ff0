import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** The two halves of a key: for signing and for encryption. */
function halves(key: string): readonly [signing: Buffer, encryption: Buffer] {
  const bytes = Buffer.from(key, 'base64url');
  return [bytes.subarray(0, 16), bytes.subarray(16)];
}

function signed(message: Buffer, signing: Buffer): Buffer {
  return createHmac('sha256', signing).update(message).digest();
}

/** A Fernet token: version 0x80, time, initial vector, AES-128-CBC, and HMAC-SHA256 of it all. */
export function encrypted(message: string, key: string): Buffer {
  const [signing, encryption] = halves(key);
  const vector = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', encryption, vector);
  const head = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(8), vector]);
  const body = Buffer.concat([head, cipher.update(message), cipher.final()]);
  return Buffer.concat([body, signed(body, signing)]);
}

/** The content of a token, decrypted with whichever key fits; undefined if none does. */
export function decrypted(token: Buffer, keys: Iterable<string>): string | undefined {
  const body = token.subarray(0, -32);
  for (const key of keys) {
    const [signing, encryption] = halves(key);
    if (!signed(body, signing).equals(token.subarray(-32))) continue;
    const decipher = createDecipheriv('aes-128-cbc', encryption, body.subarray(9, 25));
    return Buffer.concat([decipher.update(body.subarray(25)), decipher.final()]).toString();
  }
  return undefined;
}
