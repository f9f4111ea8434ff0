import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import * as der from './der.ts';

/** Object identifiers of RFC 5280 and PKCS#1. */
const OID = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
  sha256WithRsa: '1.2.840.113549.1.1.11',
} as const;

/** Bits of a key's use, the first one most significant. */
const USE = { digitalSignature: 0x80, certificateSigning: 0x04, listSigning: 0x02 } as const;

/** What a certificate says. */
export interface CertificateContent {
  /** Its common name. */
  readonly subject: string;
  /** The common name of the CA. */
  readonly issuer: string;
  readonly serial: Uint8Array;
  /** Seconds since 1970. */
  readonly notBefore: number;
  /** Seconds since 1970. */
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  /** A CA that only signs certificates of servers, or a server with these names and IPv4 addresses. */
  readonly for: 'authority' | { readonly names: readonly string[] };
}

/**
 * A certificate as PEM, signed with an RSA key. The signature (PKCS#1 v1.5 with SHA-256) has nothing random in it: the
 * same content and key give the same bytes. It is put together here because no library does that without promises, and
 * the steps of a playbook are made without waiting for any.
 */
export function signedCertificate(content: CertificateContent, signer: KeyObject): string {
  const algorithm = der.sequence(der.oid(OID.sha256WithRsa), der.nothing());
  const body = der.sequence(
    der.tagged(0, true, der.integer(2)),
    der.integer(content.serial),
    algorithm,
    commonName(content.issuer),
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    commonName(content.subject),
    publicKeyBytes(content.publicKey),
    der.tagged(3, true, der.sequence(...extensions(content, createPublicKey(signer)))),
  );
  const whole = der.sequence(body, algorithm, der.bitString(sign('sha256', body, signer)));
  const base64 = Buffer.from(whole).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

/** Twenty bytes that a public key is known by: the first of its SHA-256 (RFC 7093, section 2). */
export function keyIdentifier(key: KeyObject): Uint8Array {
  return createHash('sha256').update(publicKeyBytes(key)).digest().subarray(0, 20);
}

function publicKeyBytes(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' });
}

function commonName(name: string): Uint8Array {
  return der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.utf8(name))));
}

function extension(id: string, critical: boolean, content: Uint8Array): Uint8Array {
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(content));
}

function extensions(content: CertificateContent, signer: KeyObject): readonly Uint8Array[] {
  const identifiers = [
    extension(OID.subjectKeyIdentifier, false, der.octetString(keyIdentifier(content.publicKey))),
    extension(OID.authorityKeyIdentifier, false, der.sequence(der.tagged(0, false, keyIdentifier(signer)))),
  ];
  if (content.for === 'authority') {
    return [
      // No further CA below it.
      extension(OID.basicConstraints, true, der.sequence(der.boolean(true), der.integer(0))),
      extension(OID.keyUsage, true, der.bitString(Buffer.of(USE.certificateSigning | USE.listSigning), 1)),
      ...identifiers,
    ];
  }
  return [
    extension(OID.basicConstraints, true, der.sequence()),
    extension(OID.keyUsage, true, der.bitString(Buffer.of(USE.digitalSignature), 7)),
    extension(OID.extendedKeyUsage, false, der.sequence(der.oid(OID.serverAuthentication))),
    extension(OID.subjectAltName, false, der.sequence(...content.for.names.map(generalName))),
    ...identifiers,
  ];
}

function generalName(name: string): Uint8Array {
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(name);
  return isAddress
    ? der.tagged(7, false, Buffer.from(name.split('.').map(Number)))
    : der.tagged(2, false, Buffer.from(name));
}
