import {
  type Answers,
  type Host,
  type Life,
  type Spare,
  spareCheck,
  step,
  type Step,
  takeoverOf,
} from 'osha';
import { sectionsWith, servers } from './drained.ts';
import { serversUp, type HaproxyState, type ServersOptions } from './health.ts';

/** How the load balancers live while their hosts come and go. */
export function life(options: ServersOptions): Life {
  const check = serversUp(options);
  const onBalancers = (title: string, host: Host, wanted: 'drained' | 'ready'): readonly Step[] => {
    const hosts = options.hosts.filter(
      (other) => other !== host && sectionsWith(host, other, options).length > 0,
    );
    if (hosts.length === 0) return [];
    return [step(title, (balancer) => servers(balancer, host, wanted, options), { hosts })];
  };
  return {
    drain: (host) => onBalancers(`Send no clients to ${host.name}`, host, 'drained'),
    undrain: (host) => onBalancers(`Send clients to ${host.name} again`, host, 'ready'),
    okToStop: (host) => [
      spareCheck<HaproxyState>({
        members: options.hosts,
        probe: (member) => check.probe(member),
        judge: (answers) => judgeSpare(host, answers, options),
      }),
    ],
  };
}

/**
 * Whether HAProxy runs on another holder of each virtual IP, or on another host if this one holds none. Whether the servers
 * behind it are up is a question for their own systems. Where a cluster runs HAProxy on one host at a time, that cluster has
 * to run on another of its hosts. Pure.
 */
export function judgeSpare(
  { name }: Pick<Host, 'name'>,
  answers: Answers<HaproxyState>,
  { hosts, vips, takeovers, unit }: Pick<ServersOptions, 'hosts' | 'vips' | 'takeovers' | 'unit'>,
): Spare {
  const others = hosts.map((host) => host.name).filter((other) => other !== name);
  const observed = (other: string): HaproxyState | undefined => {
    const answer = answers.get(other);
    return answer?.reachable ? answer.observed : undefined;
  };
  const needed = (evidence: string): Spare => ({
    verdict: others.some((other) => observed(other) === undefined) ? 'unknown' : 'needed',
    evidence,
    hint: 'start it on the others first: osha deploy INVENTORY --only haproxy',
  });
  const takeover = takeoverOf(takeovers, unit, name);
  if (takeover?.runsOn === 'one') {
    const able = others.filter((other) => takeover.hosts.includes(other) && observed(other)?.managed);
    return able.length > 0
      ? { verdict: 'spared', evidence: `${takeover.by} can run it on ${able.join(', ')}` }
      : needed(`${takeover.by} runs on no other host`);
  }
  const running = others.filter((other) => observed(other)?.servers !== undefined);
  const lacking = vips.filter(
    ({ haproxy, holders }) =>
      haproxy && holders.includes(name) && !holders.some((holder) => running.includes(holder)),
  );
  if (lacking.length > 0) {
    return needed(`it runs on no other holder of ${lacking.map((vip) => vip.name).join(', ')}`);
  }
  return running.length > 0
    ? { verdict: 'spared', evidence: `runs on ${running.join(', ')}` }
    : needed('it runs on no other host');
}
