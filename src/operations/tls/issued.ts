import type { Operation } from '../../playbook/operation.ts';
import { type Authority, signedCertificate } from './authority.ts';
import { certificateProbe, placeCertificate, protect, type PlacedCertificate } from './placed.ts';
import { daysLeft, isSignedBy } from './certificate.ts';
import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { readPrivateKey } from '../../secrets/private-key.ts';
import { text, type SecretText } from '../../secrets/text.ts';

export interface IssuedOptions extends CertificateRequest {
  readonly authority: Authority;
  /** With fewer days left than this, it is replaced. */
  readonly renewDays: number;
}

function namesFault(names: readonly string[], wanted: readonly string[]): string | undefined {
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) return `it lacks ${missing.join(', ')}`;
  const strange = names.filter((name) => !wanted.includes(name));
  return strange.length > 0 ? `it also covers ${strange.join(', ')}` : undefined;
}

/** Why the present certificate must be replaced; `undefined` where it can stay. */
function fault(placed: PlacedCertificate, options: IssuedOptions): string | undefined {
  const { certificate, now } = placed;
  if (placed.access === undefined) return 'there is none';
  if (certificate === undefined) return 'the file holds none';
  if (!placed.keyFits) return 'its key is not in the file';
  if (!isSignedBy(certificate, options.authority.certificate)) {
    return `${certificate.issuer === options.authority.name ? 'an earlier key of the CA' : certificate.issuer} signed it`;
  }
  const names = namesFault(certificate.names, options.names);
  if (names !== undefined) return names;
  if (certificate.notBefore > now) return 'it is not valid yet';
  const left = daysLeft(certificate, now);
  if (left < 0) return 'it has expired';
  if (left < options.renewDays) return `it expires in ${left} days`;
  const days = Math.round((certificate.notAfter - certificate.notBefore) / DAY);
  return days === options.days ? undefined : `it is valid for ${days} days, not ${options.days}`;
}

/**
 * A file with a key of the host's own and a certificate for it by osha's CA. It is replaced when it is missing, when
 * the CA or the names change, or when it expires soon by the host's clock. The key is generated when the change is
 * applied, travels on stdin, and is stored nowhere else.
 */
export function issued(path: string, options: IssuedOptions): Operation<PlacedCertificate> {
  return {
    scope: 'host',
    title: path,
    probe: certificateProbe(path),
    decide: (placed) => {
      const reason = fault(placed, options);
      if (reason === undefined) return protect(path, placed);
      const summary = `issue a certificate for ${options.names.join(', ')} (${reason})`;
      return [placeCertificate(path, summary, () => issue(options.authority, options, placed.now))];
    },
  };
}

/** Seconds by which a certificate is backdated, because a client's clock may be behind. */
const BEFORE = 3600;

const DAY = 86_400;

interface CertificateRequest {
  /** The names and IPv4 addresses that clients use; the first one is the subject. */
  readonly names: readonly string[];
  readonly days: number;
}

/**
 * A new key and the CA's certificate for it, as PEM in one text. The key (P-256) is stored only on the host. Throws a
 * `TypeError` where the CA's key is unknown.
 */
export async function issue(
  authority: Authority,
  request: CertificateRequest,
  now: number,
): Promise<SecretText> {
  const signer = readPrivateKey(authority.key.reveal());
  if (signer === undefined) throw new TypeError(`the secret ${authority.key.name} is not a private key`);
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
