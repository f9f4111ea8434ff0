import type { Operation } from '../../playbook/operation.ts';
import type { Authority } from './authority.ts';
import { DAY, issue, type CertificateRequest } from './issue.ts';
import { certificateProbe, placeCertificate, protect, type PlacedCertificate } from './placed.ts';
import { daysLeft, isSignedBy } from './read.ts';

export interface IssuedOptions extends CertificateRequest {
  readonly authority: Authority;
  /** With fewer days left than this, it is replaced by a new one. */
  readonly renewDays: number;
}

function namesFault(names: readonly string[], wanted: readonly string[]): string | undefined {
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) return `it lacks ${missing.join(', ')}`;
  const strange = names.filter((name) => !wanted.includes(name));
  return strange.length > 0 ? `it also stands for ${strange.join(', ')}` : undefined;
}

/** Why the certificate that is there cannot stay; `undefined` where it can. */
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
 * A file with a key of the host's own and a certificate by osha's CA for it. It is made anew when it is missing, when
 * the CA or the names are others, or when it soon expires; the clock is the host's. The key is made when the change is,
 * goes there on stdin, and is kept nowhere else.
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
