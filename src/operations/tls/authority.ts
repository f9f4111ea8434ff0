import { createRequire } from 'node:module';
import { createPublicKey, X509Certificate, createHash, sign, type KeyObject } from 'node:crypto';
import { readPrivateKey } from '../../secrets/private-key.ts';
import { maskOf, type Secret } from '../../secrets/secret.ts';
import type * as Schema from '@peculiar/asn1-schema';
import type * as X509 from '@peculiar/asn1-x509';

/** The CA that osha creates for one deployment. */
export interface Authority {
  /** The common name of its certificate. */
  readonly name: string;
  readonly key: Secret;
  /** Its certificate as PEM; a placeholder where only the mask of the key is known. */
  readonly certificate: string;
}

/** The CA's certificate is valid from 2025 to the last second that UTCTime can express (RFC 5280, 4.1.2.5). */
const NOT_BEFORE = Date.UTC(2025, 0, 1) / 1000;
const NOT_AFTER = Date.UTC(2049, 11, 31, 23, 59, 59) / 1000;

/**
 * The CA of a deployment. Its certificate is derived from the key and the deployment's name alone: the serial number
 * comes from the key, and the validity is fixed, so the bytes are always the same and need not be stored. Another key
 * makes another CA. Throws a `TypeError` for a secret that is not a key.
 */
export function authority(deployment: string, key: Secret): Authority {
  const name = `osha CA ${deployment}`;
  const value = key.reveal();
  if (value === maskOf(key.name)) return { name, key, certificate: `(the certificate of ${name})\n` };
  const signer = readPrivateKey(value);
  if (signer === undefined) throw new TypeError(`the secret ${key.name} is not a private key`);
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

/** The serial number of a CA's certificate in lower-case hexadecimal; it is derived from the key alone. */
export function serialOf({ certificate }: Pick<Authority, 'certificate'>): string {
  return new X509Certificate(certificate).serialNumber.toLowerCase();
}

/** `id-at-commonName` of RFC 5280, and `sha256WithRSAEncryption` of PKCS#1. */
const COMMON_NAME = '2.5.4.3';
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';

/** The content of a certificate. */
interface CertificateContent {
  /** Its common name. */
  readonly subject: string;
  /** The common name of the CA. */
  readonly issuer: string;
  /** At most 20 bytes, of which the first is from 1 to 127. */
  readonly serial: Uint8Array;
  /** Seconds since 1970. */
  readonly notBefore: number;
  /** Seconds since 1970. */
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  /** A CA that signs only server certificates, or a server with these names and IPv4 addresses. */
  readonly for: 'authority' | { readonly names: readonly string[] };
}

/**
 * A certificate as PEM, signed with an RSA key. The signature (PKCS#1 v1.5 with SHA-256) is deterministic: the same
 * content and key give the same bytes.
 */
export function signedCertificate(content: CertificateContent, signer: KeyObject): string {
  const asn1 = loadAsn1();
  const algorithm = new asn1.AlgorithmIdentifier({ algorithm: SHA256_WITH_RSA, parameters: null });
  const body = new asn1.TBSCertificate({
    version: asn1.Version.v3,
    serialNumber: bytes(content.serial),
    signature: algorithm,
    issuer: commonName(content.issuer),
    validity: new asn1.Validity({
      notBefore: new Date(content.notBefore * 1000),
      notAfter: new Date(content.notAfter * 1000),
    }),
    subject: commonName(content.subject),
    subjectPublicKeyInfo: asn1.AsnConvert.parse(publicKeyBytes(content.publicKey), asn1.SubjectPublicKeyInfo),
    extensions: new asn1.Extensions(extensions(content, createPublicKey(signer))),
  });
  const signature = sign('sha256', Buffer.from(asn1.AsnConvert.serialize(body)), signer);
  const whole = new asn1.Certificate({
    tbsCertificate: body,
    signatureAlgorithm: algorithm,
    signatureValue: bytes(signature),
  });
  const base64 = Buffer.from(asn1.AsnConvert.serialize(whole)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

/** The identifier of a public key: the first 20 bytes of its SHA-256 (RFC 7093, section 2). */
function keyIdentifier(key: KeyObject): Uint8Array {
  return createHash('sha256').update(publicKeyBytes(key)).digest().subarray(0, 20);
}

function publicKeyBytes(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function bytes(content: Uint8Array): ArrayBuffer {
  return Uint8Array.from(content).buffer;
}

function commonName(name: string): X509.Name {
  const asn1 = loadAsn1();
  const value = new asn1.AttributeValue({ utf8String: name });
  return new asn1.Name([
    new asn1.RelativeDistinguishedName([new asn1.AttributeTypeAndValue({ type: COMMON_NAME, value })]),
  ]);
}

function extensions(content: CertificateContent, signer: KeyObject): X509.Extension[] {
  const asn1 = loadAsn1();
  const keyIdentifiers = [
    extension(
      asn1.id_ce_subjectKeyIdentifier,
      new asn1.SubjectKeyIdentifier(keyIdentifier(content.publicKey)),
    ),
    extension(
      asn1.id_ce_authorityKeyIdentifier,
      new asn1.AuthorityKeyIdentifier({ keyIdentifier: new asn1.KeyIdentifier(keyIdentifier(signer)) }),
    ),
  ];
  if (content.for === 'authority') {
    return [
      // No further CA below it.
      critical(asn1.id_ce_basicConstraints, new asn1.BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      critical(
        asn1.id_ce_keyUsage,
        new asn1.KeyUsage(asn1.KeyUsageFlags.keyCertSign | asn1.KeyUsageFlags.cRLSign),
      ),
      ...keyIdentifiers,
    ];
  }
  return [
    critical(asn1.id_ce_basicConstraints, new asn1.BasicConstraints()),
    critical(asn1.id_ce_keyUsage, new asn1.KeyUsage(asn1.KeyUsageFlags.digitalSignature)),
    extension(asn1.id_ce_extKeyUsage, new asn1.ExtendedKeyUsage([asn1.id_kp_serverAuth])),
    extension(asn1.id_ce_subjectAltName, new asn1.SubjectAlternativeName(content.for.names.map(generalName))),
    ...keyIdentifiers,
  ];
}

function extension(extnID: string, value: object, isCritical = false): X509.Extension {
  const asn1 = loadAsn1();
  return new asn1.Extension({
    extnID,
    critical: isCritical,
    extnValue: new asn1.OctetString(asn1.AsnConvert.serialize(value)),
  });
}

function critical(extnID: string, value: object): X509.Extension {
  return extension(extnID, value, true);
}

function generalName(name: string): X509.GeneralName {
  const asn1 = loadAsn1();
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(name);
  return new asn1.GeneralName(isAddress ? { iPAddress: name } : { dNSName: name });
}

/** The encoder and the types of RFC 5280. Loaded on first use: that takes 0.2 s, and most commands sign nothing. */
function loadAsn1(): typeof X509 & Pick<typeof Schema, 'AsnConvert' | 'OctetString'> {
  const load = createRequire(import.meta.url);
  const { AsnConvert, OctetString } = load('@peculiar/asn1-schema') as typeof Schema;
  return { ...(load('@peculiar/asn1-x509') as typeof X509), AsnConvert, OctetString };
}
