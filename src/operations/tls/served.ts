import type { Answers, Finding, HealthCheck } from '../../playbook/operation.ts';
import type { Host, Vip } from '../../inventory/types.ts';
import { quote } from '../shell.ts';
import { daysLeft, isSignedBy, readCertificate, type CertificateFacts } from './certificate.ts';
import { within } from '../../playbook/limits.ts';

/** A virtual IP that serves TLS. */
export interface TlsEndpoint {
  readonly vip: Pick<Vip, 'name' | 'address' | 'holders'>;
  /** The path of the certificate on each holder. */
  readonly path: string;
  /** The CA that must have signed it, or the exact certificate that must be served; both as PEM. */
  readonly trusted: { readonly authority: string } | { readonly certificate: string };
}

/** What one holder sees of one virtual IP. */
interface Seen {
  /** The certificate that the virtual IP serves. */
  readonly served?: CertificateFacts;
  /** The certificate in the holder's own file. */
  readonly own?: CertificateFacts;
}

/**
 * The observation of one holder. `now` is its clock, in seconds since 1970; `seen` is by the name of the virtual IP.
 */
export interface Sight {
  readonly now: number;
  readonly seen: ReadonlyMap<string, Seen>;
}

const PORT = 443;

/** `status` reports a certificate with this many days left or fewer as unhealthy: its renewal is long overdue. */
const LAST_DAYS = 7;

const HINT = 'osha deploy INVENTORY --only haproxy';

function script(endpoints: readonly TlsEndpoint[]): string {
  const ask = ({ vip, path }: TlsEndpoint): string => `echo 'served ${vip.name}'
timeout ${within('tlsHandshake')} openssl s_client -connect ${vip.address}:${PORT} -servername ${quote(vip.name)} </dev/null 2>/dev/null |
  openssl x509 2>/dev/null || :
echo 'own ${vip.name}'
openssl x509 -in ${quote(path)} 2>/dev/null || :`;
  return ['date +now=%s', ...endpoints.map(ask)].join('\n');
}

function parse(stdout: string, endpoints: readonly TlsEndpoint[]): Sight {
  const parts = stdout.split(/^(?=(?:served|own) \S+$)/m);
  const of = (kind: string, name: string): CertificateFacts | undefined =>
    readCertificate(parts.find((part) => part.startsWith(`${kind} ${name}\n`)) ?? '');
  const seen = endpoints.map(({ vip: { name } }): [string, Seen] => {
    const served = of('served', name);
    const own = of('own', name);
    return [name, { ...(served ? { served } : {}), ...(own ? { own } : {}) }];
  });
  return { now: Number(/^now=(\d+)$/m.exec(stdout)?.[1]), seen: new Map(seen) };
}

/** Why a certificate must not be served; `undefined` where it is valid. */
function fault(certificate: CertificateFacts, now: number, { trusted }: TlsEndpoint): string | undefined {
  const left = daysLeft(certificate, now);
  if (left < 0) return 'it has expired';
  if (left <= LAST_DAYS) return `only ${left} days are left`;
  if ('authority' in trusted) {
    return isSignedBy(certificate, trusted.authority)
      ? undefined
      : 'not trusted: the current CA did not sign it';
  }
  const same = readCertificate(trusted.certificate)?.x509.fingerprint256 === certificate.x509.fingerprint256;
  return same ? undefined : 'it is not the certificate that the inventory names';
}

function describe(certificate: CertificateFacts, now: number): string {
  const left = daysLeft(certificate, now);
  const until = new Date(certificate.notAfter * 1000).toISOString().slice(0, 10);
  const end = left < 0 ? `expired on ${until}` : `${left} days left, until ${until}`;
  return `${certificate.names.join(', ')}; by ${certificate.issuer}; ${end}`;
}

function judgeServed(endpoint: TlsEndpoint, answers: Answers<Sight>): Finding {
  const { vip } = endpoint;
  const subject = `TLS of ${vip.name}`;
  const asked = vip.holders.flatMap((name) => {
    const answer = answers.get(name);
    return answer?.reachable
      ? [{ name, now: answer.observed.now, ...answer.observed.seen.get(vip.name) }]
      : [];
  });
  const silent = asked.filter(({ served }) => served === undefined).map(({ name }) => name);
  const found = asked.find(({ served }) => served !== undefined);
  const where = `${vip.address}:${PORT}`;
  if (asked.length === 0) {
    return { subject, healthy: false, unknown: true, evidence: 'unknown: no holder of it answered' };
  }
  if (silent.length > 0 || !found?.served) {
    const evidence = `no certificate on ${where} for ${silent.join(', ')}`;
    return {
      subject,
      healthy: false,
      evidence,
      hint: `see which host holds it: osha status INVENTORY; then: ${HINT}`,
    };
  }
  const wrong = fault(found.served, found.now, endpoint);
  const evidence = `${where}: ${describe(found.served, found.now)}`;
  if (wrong === undefined) return { subject, healthy: true, evidence };
  return { subject, healthy: false, evidence: `${evidence}; ${wrong}`, hint: HINT };
}

/** Holders whose own certificate would be invalid if the virtual IP moved there. */
function judgeOwn(endpoint: TlsEndpoint, answers: Answers<Sight>): readonly Finding[] {
  return endpoint.vip.holders.flatMap((host): readonly Finding[] => {
    const answer = answers.get(host);
    if (!answer?.reachable) return [];
    const { now, seen } = answer.observed;
    const own = seen.get(endpoint.vip.name)?.own;
    const wrong = own === undefined ? `there is none at ${endpoint.path}` : fault(own, now, endpoint);
    if (wrong === undefined) return [];
    const evidence = own === undefined ? wrong : `${describe(own, now)}; ${wrong}`;
    return [{ subject: `certificate of ${endpoint.vip.name}`, host, healthy: false, evidence, hint: HINT }];
  });
}

/**
 * The health of the certificates that virtual IPs serve, observed from the hosts that can hold them, and of the
 * certificates that each holder keeps ready.
 */
export function served(hosts: readonly Host[], endpoints: readonly TlsEndpoint[]): HealthCheck<Sight> {
  const askedBy = (name: string): readonly TlsEndpoint[] =>
    endpoints.filter(({ vip }) => vip.holders.includes(name));
  return {
    scope: 'health',
    title: 'TLS',
    members: hosts.filter((host) => askedBy(host.name).length > 0),
    probe: (member) => ({
      script: script(askedBy(member.name)),
      reads: askedBy(member.name).flatMap(({ vip, path }) => [
        `cluster:vip-${vip.name}` as const,
        `file:${path}` as const,
      ]),
      parse: ({ stdout }) => parse(stdout, askedBy(member.name)),
    }),
    judge: (answers) =>
      endpoints.flatMap((endpoint) => [judgeServed(endpoint, answers), ...judgeOwn(endpoint, answers)]),
  };
}
