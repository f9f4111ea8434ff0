import type { Finding, HealthCheck, Host } from 'osha';
import { readStatus, statusScript, type HttpStatus } from './http-probe.ts';
import { releaseOf, versionScript } from './release.ts';

/** An HTTP service that each of several hosts runs for itself. */
export interface HttpService {
  /** What people call it: "Keystone". */
  readonly title: string;
  readonly hosts: readonly Host[];
  readonly port: number;
  /** A path that needs no login. */
  readonly path: string;
  /** Statuses that a healthy one answers with; default 200 and 300, with which several versions are offered. */
  readonly statuses?: readonly number[];
  /** The package whose version is told. */
  readonly package: string;
  readonly unit: string;
}

/** What one host's own service said. */
export interface HttpAnswer extends HttpStatus {
  readonly version: string;
}

/** The service answers on every host that should run it, each asked by itself on its own address. */
export function answers(service: HttpService): HealthCheck<HttpAnswer> {
  const { title, hosts, port, path, unit } = service;
  const good = service.statuses ?? [200, 300];
  return {
    scope: 'health',
    title,
    members: hosts,
    probe: (host) => ({
      script: `${statusScript(`http://${host.address}:${port}${path}`)}
${versionScript(service.package)}`,
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => {
        const [said = '', version = ''] = stdout.split('\n');
        return { ...readStatus(said), version };
      },
    }),
    judge: (all) =>
      [...all].map(([host, answer]): Finding => {
        const subject = 'API';
        if (!answer.reachable) return { subject, host, healthy: false, evidence: answer.reason };
        const { status, seconds, version } = answer.observed;
        if (good.includes(status)) {
          return {
            subject,
            host,
            healthy: true,
            evidence: `${releaseOf(version)}, answers in ${Math.round(seconds * 1000)} ms`,
          };
        }
        const evidence = status === 0 ? `no answer on port ${port}` : `answers ${status} on port ${port}`;
        return {
          subject,
          host,
          healthy: false,
          evidence,
          hint: `see its log, and "systemctl status ${unit}" on ${host}`,
        };
      }),
  };
}
