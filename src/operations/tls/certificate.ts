import { X509Certificate } from 'node:crypto';

/** The compared facts of a certificate. Times are seconds since 1970. */
export interface CertificateFacts {
  readonly x509: X509Certificate;
  /** Names and addresses that it covers, sorted. */
  readonly names: readonly string[];
  /** The common name of its issuer. */
  readonly issuer: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The first certificate in a PEM text; `undefined` where there is none that can be read. */
export function readCertificate(pem: string): CertificateFacts | undefined {
  const [first] = certificatesIn(pem);
  if (first === undefined) return undefined;
  try {
    const x509 = new X509Certificate(first);
    return {
      x509,
      names: (x509.subjectAltName ?? '')
        .split(', ')
        .map((name) => name.replace(/^(DNS|IP Address):/, ''))
        .filter((name) => name !== '')
        .sort(),
      issuer: /^CN=(.*)$/m.exec(x509.issuer)?.[1] ?? x509.issuer.replaceAll('\n', ', '),
      notBefore: Date.parse(x509.validFrom) / 1000,
      notAfter: Date.parse(x509.validTo) / 1000,
    };
  } catch {
    return undefined;
  }
}

/** Every certificate in a PEM text, each as its own PEM. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
}

/** Whether `authority`, a certificate as PEM, signed it. */
export function isSignedBy({ x509 }: CertificateFacts, authority: string): boolean {
  const signer = readCertificate(authority)?.x509;
  return signer !== undefined && x509.checkIssued(signer) && x509.verify(signer.publicKey);
}

/** Whole days until it expires; negative once it has expired. */
export function daysLeft({ notAfter }: Pick<CertificateFacts, 'notAfter'>, now: number): number {
  return Math.floor((notAfter - now) / 86_400);
}
