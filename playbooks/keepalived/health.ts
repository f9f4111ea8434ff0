import {
  type Advice,
  type Answer,
  type Finding,
  type HealthCheck,
  type Host,
  ofThoseThatAnswered,
} from 'osha';
import { inWords, named, placesOf, viewOf, type Former, type VipView } from './cluster/holders.ts';
import { holderProbe, type HolderView, type ObserveOptions } from './cluster/observe.ts';
import { leaveHint } from './cluster/recognise.ts';

/**
 * Checks that keepalived runs on every holder and each virtual IP is on exactly one host, one of its holders: as `hosts`
 * report, and as the network answers (ARP), which also shows hosts outside the inventory. A former holder that may still run
 * keepalived is unhealthy, because it would take the address over; one that is not on the network is advice.
 */
export function heldOnce(hosts: readonly Host[], options: ObserveOptions): HealthCheck<HolderView> {
  const places = placesOf(options);
  return {
    scope: 'health',
    title: 'keepalived',
    members: hosts,
    probe: (member) => holderProbe(member, options),
    judge: (answers) => {
      const views = viewOf(answers, places);
      const answered = [...answers.values()].filter(({ reachable }) => reachable);
      const partly = ofThoseThatAnswered(answered.length, answers.size);
      return [
        ...[...answers].flatMap(([host, answer]) => holderFinding(host, answer, options)),
        ...views.map((view) => vipFinding(view, options.unit, partly)),
        ...views.flatMap((view) => formerFindings(view, options.unit)),
      ];
    },
    advise: (answers) => viewOf(answers, places).flatMap(formerAdvice),
  };
}

function holderFinding(
  host: string,
  answer: Answer<HolderView>,
  { vips, unit }: ObserveOptions,
): readonly Finding[] {
  const own = vips.filter((vip) => vip.holders.includes(host));
  if (own.length === 0) return [];
  const subject = 'keepalived';
  if (!answer.reachable) return [{ subject, host, healthy: false, evidence: answer.reason }];
  const { unit: state, addresses } = answer.observed;
  if (state !== 'active') {
    const hint = `check "journalctl -u ${unit}" on ${host}, or osha deploy INVENTORY --only keepalived`;
    return [{ subject, host, healthy: false, evidence: `not running (${state})`, hint }];
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

function vipFinding({ vip, claimants, unasked }: VipView, unit: string, partly: string): Finding {
  const subject = `virtual IP ${vip.name}`;
  const unhealthy = (evidence: string, hint: string): Finding => ({
    subject,
    healthy: false,
    evidence,
    hint,
  });
  if (claimants.length === 0) {
    return unhealthy(
      `${vip.address} is not held by any host${partly}`,
      `does HAProxy respond on a holder (${vip.holders.join(', ')})? check "journalctl -u ${unit}" there`,
    );
  }
  const evidence = `${vip.address} on ${claimants.map(({ name }) => name).join(' and ')}`;
  const stranger = claimants.find(({ is }) => is === 'stranger');
  if (stranger) {
    const why = `${stranger.name} is not a host of this inventory`;
    return unhealthy(`${evidence}; ${why}`, leaveHint(unit, stranger.name));
  }
  const hosts = claimants.filter(({ is }) => is === 'host').map(({ name }) => name);
  if (hosts.length > 0) {
    return unhealthy(
      `${evidence}; ${hosts.join(', ')} must not hold it`,
      'osha deploy INVENTORY --only keepalived',
    );
  }
  if (claimants.length > 1) {
    return unhealthy(
      evidence,
      'they do not receive advertisements from each other: does a firewall block VRRP (IP protocol 112)?',
    );
  }
  if (unasked !== undefined) {
    return unhealthy(
      `${evidence}; could not check whether another host claims it too: ${unasked}`,
      `does a holder (${vip.holders.join(', ')}) have the interface ${vip.interface}?`,
    );
  }
  const [preferred] = vip.holders;
  const away = claimants[0]?.name === preferred ? '' : `, preferred ${preferred}`;
  return { subject, healthy: true, evidence: `${evidence}${away}` };
}

/** Former holders that do not claim the address at the moment. */
function quietFormer({ claimants, former }: VipView): readonly Former[] {
  return former.filter((one) => !claimants.some(({ name }) => name === named(one) || name === one.name));
}

/** Advice on former holders that are not on the network, but may return. */
function formerAdvice(view: VipView): readonly Advice[] {
  return quietFormer(view)
    .filter(({ presence }) => presence === 'silent')
    .map((one) => ({
      subject: `former holder of ${view.vip.name}`,
      evidence: `${named(one)}: ${inWords(one.presence)}; it remains a peer`,
    }));
}

/** Findings on former holders that may run keepalived. */
function formerFindings(view: VipView, unit: string): readonly Finding[] {
  return quietFormer(view).flatMap((one): readonly Finding[] => {
    if (one.presence === 'closed' || one.presence === 'silent') return [];
    const name = named(one);
    const subject = `former holder of ${view.vip.name}`;
    const evidence = `${name}: ${inWords(one.presence)}`;
    if (one.listed) {
      return [{ subject, healthy: false, evidence, hint: 'osha deploy INVENTORY --only keepalived' }];
    }
    const hint = leaveHint(unit, name);
    return [{ subject, healthy: false, evidence: `${evidence}; the inventory does not list it`, hint }];
  });
}
