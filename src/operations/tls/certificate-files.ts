import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Inventory, Vip } from '../../inventory/types.ts';
import { Secret } from '../../secrets/secret.ts';
import { read, type LocalFile } from '../local-file.ts';
import { certificatesIn, daysLeft, readCertificate, type CertificateFacts } from './certificate.ts';
import type { ProvidedOptions } from './placed.ts';

/** Files of a certificate and its key, as an inventory names them. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateFileProblem {
  readonly severity: 'error' | 'warning';
  readonly in: keyof CertificateFiles;
  readonly message: string;
  readonly hint: string;
}

/** The contents of the certificate and key files. Throws a `TypeError` where `certificateFileProblems` finds errors. */
export function readCertificateFiles(
  inventory: Pick<Inventory, 'file'>,
  files: CertificateFiles,
): ProvidedOptions {
  const certificate = read(inventory, files.certificate);
  const key = read(inventory, files.key, { secret: true });
  if (!('text' in certificate)) throw new TypeError(certificate.fault.message);
  if (!('text' in key)) throw new TypeError(key.fault.message);
  return {
    certificate: certificatesIn(certificate.text).join('\n'),
    key: new Secret(`key in ${files.key}`, key.text.trim()),
  };
}

/** The problems with the files of a certificate for `vip`. `now` is in seconds since 1970. */
export function certificateFileProblems(
  inventory: Pick<Inventory, 'file'>,
  files: CertificateFiles,
  vip: Pick<Vip, 'name' | 'address'>,
  now: number,
): readonly CertificateFileProblem[] {
  const problems: CertificateFileProblem[] = [];
  const add = (
    severity: CertificateFileProblem['severity'],
    where: keyof CertificateFiles,
    message: string,
    hint: string,
  ): void => void problems.push({ severity, in: where, message, hint });
  const opened = (where: keyof CertificateFiles, file: LocalFile): string | undefined => {
    if ('text' in file) return file.text;
    add('error', where, file.fault.message, file.fault.hint);
    return undefined;
  };
  const pem = opened('certificate', read(inventory, files.certificate));
  const keyText = opened('key', read(inventory, files.key, { secret: true }));
  const certificate = pem === undefined ? undefined : readCertificate(pem);
  const key = keyText === undefined ? undefined : keyIn(keyText);
  if (pem !== undefined && certificate === undefined) {
    add('error', 'certificate', `${files.certificate} holds no certificate`, beginsWith('CERTIFICATE'));
  }
  if (keyText !== undefined && key === undefined) {
    const locked = /ENCRYPTED/.test(keyText);
    const message = locked ? `${files.key} is encrypted` : `${files.key} holds no private key`;
    const hint = locked
      ? 'HAProxy cannot ask for a passphrase: store the key without one, mode 600'
      : beginsWith('PRIVATE KEY');
    add('error', 'key', message, hint);
  }
  if (certificate && key && !certificate.x509.checkPrivateKey(key)) {
    add(
      'error',
      'key',
      `${files.key} is not the key of ${files.certificate}`,
      'use a certificate and the key that it was issued for',
    );
  }
  if (certificate) {
    for (const { severity, message, hint } of contentProblems(certificate, files.certificate, vip, now)) {
      add(severity, 'certificate', message, hint);
    }
  }
  return problems;
}

/** A certificate with fewer days left causes a warning. */
const WARNED_DAYS = 30;

function beginsWith(what: string): string {
  return `use a PEM file, which begins with "-----BEGIN ${what}-----"`;
}

function contentProblems(
  certificate: CertificateFacts,
  file: string,
  vip: Pick<Vip, 'name' | 'address'>,
  now: number,
): readonly Omit<CertificateFileProblem, 'in'>[] {
  const left = daysLeft(certificate, now);
  const until = new Date(certificate.notAfter * 1000).toISOString().slice(0, 10);
  const renew = 'replace it with a renewed certificate';
  const names = certificate.names.join(', ') || 'no name';
  return [
    ...(left < 0
      ? [{ severity: 'error' as const, message: `${file} expired on ${until}`, hint: renew }]
      : left < WARNED_DAYS
        ? [
            {
              severity: 'warning' as const,
              message: `${file} expires in ${left} days, on ${until}`,
              hint: renew,
            },
          ]
        : []),
    ...(certificate.notBefore > now
      ? [
          {
            severity: 'warning' as const,
            message: `${file} is not valid yet`,
            hint: 'check the clock of this machine',
          },
        ]
      : []),
    ...(certificate.names.includes(vip.address) || certificate.names.includes(vip.name)
      ? []
      : [
          {
            severity: 'warning' as const,
            message: `${file} is valid for ${names}, not for ${vip.address} or ${vip.name}`,
            hint: 'clients must use a name from the certificate',
          },
        ]),
  ];
}

function keyIn(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}
