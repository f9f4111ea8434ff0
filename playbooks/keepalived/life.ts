import { type Answers, type Host, type Life, type Spare, type Vip, spareCheck } from 'osha';
import { holderProbe, type HolderView, type ObserveOptions } from './cluster/observe.ts';

/** How the virtual IPs live while their holders come and go. */
export function life(hosts: readonly Host[], options: ObserveOptions): Life {
  return {
    okToStop: (host) => {
      const own = options.vips.filter(({ holders }) => holders.includes(host.name));
      if (own.length === 0) return [];
      const names = new Set(own.flatMap(({ holders }) => holders));
      return [
        spareCheck({
          members: hosts.filter(({ name }) => names.has(name)),
          probe: (member) => holderProbe(member, options),
          judge: (answers) => judgeSpare(host.name, answers, own),
        }),
      ];
    },
  };
}

/** Whether keepalived runs on another holder of each of these virtual IPs. Pure. */
export function judgeSpare(host: string, answers: Answers<HolderView>, vips: readonly Vip[]): Spare {
  const runs = (name: string): boolean => {
    const answer = answers.get(name);
    return answer?.reachable === true && answer.observed.unit === 'active';
  };
  const others = vips.map(({ name, holders }) => ({
    name,
    holders: holders.filter((holder) => holder !== host && runs(holder)),
  }));
  const lacking = others.filter(({ holders }) => holders.length === 0).map(({ name }) => name);
  if (lacking.length > 0) {
    const unheard = [...answers].some(([name, answer]) => name !== host && !answer.reachable);
    return {
      verdict: unheard ? 'unknown' : 'needed',
      evidence: `no other holder of ${lacking.join(', ')} runs keepalived${unheard ? ', of those that answered' : ''}`,
      hint: 'start the other holders first: osha deploy INVENTORY --only keepalived',
    };
  }
  return {
    verdict: 'spared',
    evidence: others.map(({ name, holders }) => `${name} can be held by ${holders.join(', ')}`).join('; '),
  };
}
