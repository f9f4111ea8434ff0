import type { Answers, Finding, HealthCheck } from '../playbook/operation.ts';
import { takeoverOf, type Takeover } from '../playbook/takeover.ts';

/**
 * A check of a unit that a cluster manager may run on one host at a time: exactly one of these hosts must be healthy,
 * and the others are not reported. Findings about other hosts, or about no host, are kept.
 */
export function onOneHost<Observed>(
  check: HealthCheck<Observed>,
  unit: string,
  takeovers: readonly Takeover[],
): HealthCheck<Observed> {
  const moving = takeovers.filter((takeover) => takeover.unit === unit && takeover.runsOn === 'one');
  if (moving.length === 0) return check;
  return { ...check, judge: (answers) => judged(check, answers, unit, moving) };
}

function judged<Observed>(
  check: HealthCheck<Observed>,
  answers: Answers<Observed>,
  unit: string,
  moving: readonly Takeover[],
): readonly Finding[] {
  const findings = check.judge(answers);
  const movingFindings = moving.flatMap((takeover): readonly Finding[] => {
    const hosts = [...answers.keys()].filter((host) => takeover.hosts.includes(host));
    return hosts.length === 0 ? [] : ofTakeover(takeover, hosts, findings);
  });
  const others = findings.filter(({ host }) => host === undefined || !takeoverOf(moving, unit, host));
  return [...movingFindings, ...others];
}

function ofTakeover(
  { unit, by }: Takeover,
  hosts: readonly string[],
  findings: readonly Finding[],
): readonly Finding[] {
  const of = (host: string): readonly Finding[] => findings.filter((finding) => finding.host === host);
  const well = hosts.filter((host) => of(host).every(({ healthy }) => healthy));
  const [only, second] = well;
  if (only !== undefined && second === undefined) return of(only);
  const subject = of(hosts[0] ?? '')[0]?.subject ?? unit;
  const hint = `${by} has to run ${unit} on one of ${hosts.join(', ')}: pcs status --full`;
  if (second !== undefined) {
    return [
      { subject, healthy: false, evidence: `runs on ${well.join(' and ')}, but must run on only one`, hint },
    ];
  }
  const said = hosts.flatMap((host) =>
    of(host)
      .filter(({ healthy }) => !healthy)
      .map(({ evidence }) => `${host}: ${evidence}`),
  );
  return [{ subject, healthy: false, evidence: said.join('; '), hint }];
}
