import {
  type Answers,
  type Host,
  type Life,
  type Operation,
  seconds,
  service,
  type Spare,
  spareCheck,
  step,
  verify,
  type Vip,
} from 'osha';
import { heldOnce } from './health.ts';
import { holderProbe, type HolderView, type ObserveOptions } from './cluster/observe.ts';

export interface LifeOptions extends ObserveOptions {
  /** Keeps keepalived running on a holder. */
  readonly running: Operation;
  /** Seconds until another holder has taken a virtual IP over. */
  readonly takeoverSeconds: number;
}

/** How the virtual IPs live while their holders come and go. */
export function life(hosts: readonly Host[], options: LifeOptions): Life {
  const isHolder = ({ name }: Host): boolean => options.vips.some(({ holders }) => holders.includes(name));
  const held = (on: readonly Host[]) =>
    verify('Each virtual IP is on one host', heldOnce(on, options), {
      within: seconds(options.takeoverSeconds),
    });
  return {
    // A keepalived that is stopped says so to the others (priority 0, RFC 5798 6.4.3): they take over at once.
    drain: (host) =>
      isHolder(host)
        ? [
            step(`Stop keepalived on ${host.name}`, service.stopped(options.unit), { hosts: [host] }),
            held(hosts.filter((other) => other !== host && isHolder(other))),
          ]
        : [],
    undrain: (host) =>
      isHolder(host)
        ? [
            step(`Run keepalived on ${host.name}`, options.running, { hosts: [host] }),
            held(hosts.filter(isHolder)),
          ]
        : [],
    units: (host) => (isHolder(host) ? [options.unit] : []),
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
