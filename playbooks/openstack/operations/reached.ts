import type { Finding, HealthCheck, Host, Vip } from 'osha';
import { isGood, readStatus, statusScript, type HttpStatus } from './http-probe.ts';

/** An API at a virtual IP, as the hosts see it whose services call it. */
export interface ReachedApi {
  /** What people call it: "Keystone". */
  readonly title: string;
  readonly vip: Pick<Vip, 'name' | 'address'>;
  /** A URL there that needs no login. */
  readonly url: string;
  /** On the hosts: the certificate to trust, where the system does not know it. */
  readonly ca?: string;
  /** What runs it. */
  readonly unit: string;
  /** Each of them has to reach it. */
  readonly from: readonly Host[];
}

/** An API answers at its virtual IP, asked from each host: they may be in other networks than that. */
export function reached({ title, vip, url, ca, unit, from }: ReachedApi): HealthCheck<HttpStatus> {
  return {
    scope: 'health',
    title,
    members: from,
    probe: () => ({
      script: statusScript(url, ca === undefined ? {} : { ca }),
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => readStatus(stdout.trim()),
    }),
    judge: (all) =>
      [...all].map(([host, answer]): Finding => {
        const subject = `the virtual IP ${vip.name}`;
        if (!answer.reachable) return { subject, host, healthy: false, evidence: answer.reason };
        const { status, seconds } = answer.observed;
        if (isGood(answer.observed)) {
          return { subject, host, healthy: true, evidence: `answers in ${Math.round(seconds * 1000)} ms` };
        }
        const evidence = status === 0 ? `no answer from ${url}` : `${url} answers ${status}`;
        const hint =
          status === 0
            ? `${host} has to reach ${vip.address}: route it, or give the services a virtual IP of their own, called "internal", in a network of the hosts`
            : `see what HAProxy reports at ${vip.address}: osha status INVENTORY --only haproxy`;
        return { subject, host, healthy: false, evidence, hint };
      }),
  };
}
