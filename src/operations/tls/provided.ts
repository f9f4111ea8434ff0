import { createHash } from 'node:crypto';
import type { Operation } from '../../playbook/operation.ts';
import { Secret } from '../../secrets/secret.ts';
import { asSecretText, text } from '../../secrets/text.ts';
import { certificateProbe, placeCertificate, protect, type PlacedCertificate } from './placed.ts';

export interface ProvidedOptions {
  /** As PEM, with those between it and its root below it. */
  readonly certificate: string;
  /** As PEM. */
  readonly key: Secret;
}

/** A file with a certificate and key that somebody else made. What it held before is never shown. */
export function provided(path: string, { certificate, key }: ProvidedOptions): Operation<PlacedCertificate> {
  const wanted = asSecretText(text`${certificate.trimEnd()}\n${key}\n`);
  const checksum = createHash('sha256').update(wanted.reveal()).digest('hex');
  return {
    scope: 'host',
    title: path,
    probe: certificateProbe(path, new Secret(`checksum of ${path}`, `${checksum}\n`)),
    decide: (placed) => {
      if (placed.same) return protect(path, placed);
      const why = placed.access === undefined ? 'there is none' : 'another one is there';
      return [placeCertificate(path, `place the given certificate at ${path} (${why})`, wanted)];
    },
  };
}
