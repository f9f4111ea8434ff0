import { ProbeError, quote } from 'osha';
import type { Answer, Answers, Finding, HealthCheck, Host, Vip } from 'osha';

/** What one host says: the state of keepalived's unit, and the addresses that it holds. */
export interface HolderView {
  readonly unit: string;
  readonly addresses: ReadonlySet<string>;
}

/** Understands what the probe printed. Throws a `ProbeError` where the host could not say which addresses it has. */
export function parseView(output: string): HolderView {
  const [unit = '', ...addresses] = output.split('\n').map((line) => line.trim());
  const held = addresses.map((line) => line.split('/')[0] ?? '').filter((address) => address !== '');
  // Every host has 127.0.0.1.
  if (held.length === 0)
    throw new ProbeError(`"ip addr" did not say which addresses there are, but: ${output}`);
  return { unit, addresses: new Set(held) };
}

export interface HeldOptions {
  readonly vips: readonly Vip[];
  readonly unit: string;
}

/** On every holder keepalived runs, and of `hosts`, exactly one has each virtual IP: a holder of it. */
export function heldOnce(hosts: readonly Host[], { vips, unit }: HeldOptions): HealthCheck<HolderView> {
  return {
    scope: 'health',
    title: 'keepalived',
    members: hosts,
    probe: () => ({
      script: `state=$(systemctl is-active -- ${quote(unit)} 2>/dev/null)
printf '%s\\n' "\${state:-unknown}"
ip -o -4 addr show | awk '{ print $4 }'`,
      reads: [`unit:${unit}`, ...vips.map((vip) => `cluster:vip-${vip.name}` as const)],
      parse: ({ stdout }) => parseView(stdout),
    }),
    judge: (answers) => [
      ...[...answers].flatMap(([host, answer]) => holderFinding(host, answer, { vips, unit })),
      ...vips.map((vip) => vipFinding(vip, answers, unit)),
    ],
  };
}

function holderFinding(
  host: string,
  answer: Answer<HolderView>,
  { vips, unit }: HeldOptions,
): readonly Finding[] {
  const own = vips.filter((vip) => vip.holders.includes(host));
  if (own.length === 0) return [];
  const subject = 'keepalived';
  if (!answer.reachable) return [{ subject, host, healthy: false, evidence: answer.reason }];
  const { unit: state, addresses } = answer.observed;
  if (state !== 'active') {
    const hint = `see "journalctl -u ${unit}" on ${host}, or deploy with --only keepalived`;
    return [{ subject, host, healthy: false, evidence: `does not run (${state})`, hint }];
  }
  const names = (held: boolean): string =>
    own
      .filter((vip) => addresses.has(vip.address) === held)
      .map((vip) => vip.name)
      .join(', ');
  const parts = [
    ...(names(true) === '' ? [] : [`holds ${names(true)}`]),
    ...(names(false) === '' ? [] : [`stands by for ${names(false)}`]),
  ];
  return [{ subject, host, healthy: true, evidence: parts.join(', ') }];
}

function vipFinding(vip: Vip, answers: Answers<HolderView>, unit: string): Finding {
  const subject = `virtual IP ${vip.name}`;
  const held = [...answers].flatMap(([host, answer]) =>
    answer.reachable && answer.observed.addresses.has(vip.address) ? [host] : [],
  );
  const [holder, ...more] = held;
  if (holder === undefined) {
    return {
      subject,
      healthy: false,
      evidence: `${vip.address} is held by nobody`,
      hint: `does HAProxy answer on a holder (${vip.holders.join(', ')})? see "journalctl -u ${unit}" there`,
    };
  }
  const evidence = `${vip.address} on ${held.join(' and ')}`;
  const strangers = held.filter((host) => !vip.holders.includes(host));
  if (strangers.length > 0) {
    return {
      subject,
      healthy: false,
      evidence: `${evidence}; ${strangers.join(', ')} must not hold it`,
      hint: 'deploy with --only keepalived',
    };
  }
  if (more.length > 0) {
    const hint = 'they do not hear each other: VRRP is IP protocol 112, not TCP or UDP; is it let through?';
    return { subject, healthy: false, evidence, hint };
  }
  const [preferred] = vip.holders;
  const away = holder === preferred ? '' : `, preferred ${preferred}`;
  return { subject, healthy: true, evidence: `${evidence}${away}` };
}
