import { type Finding, type HealthCheck, type Host, quote, within, type Vip } from 'osha';

/** An HTTP service that runs on several hosts. */
export interface HttpService {
  /** Its usual name: "Keystone". */
  readonly title: string;
  readonly hosts: readonly Host[];
  readonly port: number;
  /** A path that needs no login. */
  readonly path: string;
  /** Statuses of a healthy answer; default 200 and 300 (a choice of API versions). */
  readonly statuses?: readonly number[];
  /** The package whose version is shown. */
  readonly package: string;
  readonly unit: string;
}

/** The answer of one host's service. */
export interface HttpAnswer extends HttpStatus {
  readonly version: string;
}

/** Healthy if the service answers on each host's own address. */
export function eachHostAnswers(service: HttpService): HealthCheck<HttpAnswer> {
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
    judge: (answers) =>
      [...answers].map(([host, answer]): Finding => {
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
          hint: `on ${host}, check its log and: systemctl status ${unit}`,
        };
      }),
  };
}

/** An API at a virtual IP that the services of several hosts call. */
export interface ReachableApi {
  /** Its usual name: "Keystone". */
  readonly title: string;
  readonly vip: Pick<Vip, 'name' | 'address'>;
  /** A URL of the API that needs no login. */
  readonly url: string;
  /** The path of the certificate to trust on the hosts, if the system store lacks it. */
  readonly ca?: string;
  /** The unit that runs the API. */
  readonly unit: string;
  /** The hosts that must reach it. */
  readonly from: readonly Host[];
}

/** Healthy if each host reaches the API at its virtual IP, which may be in another network than the host. */
export function eachHostReaches({ title, vip, url, ca, unit, from }: ReachableApi): HealthCheck<HttpStatus> {
  return {
    scope: 'health',
    title,
    members: from,
    probe: () => ({
      script: statusScript(url, ca === undefined ? {} : { ca }),
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => readStatus(stdout.trim()),
    }),
    judge: (answers) =>
      [...answers].map(([host, answer]): Finding => {
        const subject = `the virtual IP ${vip.name}`;
        if (!answer.reachable) return { subject, host, healthy: false, evidence: answer.reason };
        const { status, seconds } = answer.observed;
        if (isGood(answer.observed)) {
          return { subject, host, healthy: true, evidence: `answers in ${Math.round(seconds * 1000)} ms` };
        }
        const evidence = status === 0 ? `no answer from ${url}` : `${url} answers ${status}`;
        const hint =
          status === 0
            ? `${host} must reach ${vip.address}: add a route, or a virtual IP called "internal" in a network of the hosts`
            : `check HAProxy at ${vip.address}: osha status INVENTORY --only haproxy`;
        return { subject, host, healthy: false, evidence, hint };
      }),
  };
}

/** The outcome of one HTTP request. */
export interface HttpStatus {
  /** 0 without an answer. */
  readonly status: number;
  readonly seconds: number;
}

/** Whether a status is healthy. Keystone lists its versions with 300. */
export function isGood({ status }: { readonly status: number }): boolean {
  return status >= 200 && status < 400;
}

/** A script that requests a URL and prints a line for `readStatus`. `ca` is the path of the certificate to trust on the host. */
function statusScript(url: string, { ca }: { readonly ca?: string } = {}): string {
  const trust = ca === undefined ? '' : ` --cacert ${quote(ca)}`;
  return `curl --silent --output /dev/null --noproxy '*' --max-time ${within('httpAnswer')}${trust} --write-out '%{http_code} %{time_total}' ${quote(url)} || :
printf '\\n'`;
}

/** Parses the line that `statusScript` prints. */
function readStatus(line: string): HttpStatus {
  const [status = '', seconds = ''] = line.split(' ');
  return { status: Number(status), seconds: Number(seconds) };
}

/** A script that prints the version of a package, or nothing if it is not installed. */
export function versionScript(name: string): string {
  return `dpkg-query --showformat '\${Version}' --show ${quote(name)} 2>/dev/null || :`;
}

/** The upstream release in a package version: without Debian's epoch and revision (Debian Policy, section 5.6.12). */
export function releaseOf(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}
