import type { Host, Inventory } from '../inventory/types.ts';
import type { Platform } from '../platform/platform.ts';
import { ofThoseThatAnswered, type Answers, type Finding, type HealthCheck } from '../playbook/operation.ts';
import { factsProbe, type HostFacts } from './facts.ts';
import { fitnessOf } from './fitness.ts';
import { mtuFindings } from './mtu.ts';

/** Hosts further apart than this break Galera's certification logs and Keystone's tokens: seconds. */
const MOST_SKEW_SECONDS = 10;

/** A port that a host's systems will want. */
export interface WantedPort {
  readonly host: string;
  readonly port: number;
  readonly process: string;
}

/** The check that a deployment begins with: only what would make it fail half-way. */
export function fitness(hosts: readonly Host[], platform: Platform): HealthCheck<HostFacts> {
  const probe = factsProbe([], []);
  return {
    scope: 'health',
    title: 'Hosts are fit',
    members: hosts,
    probe: () => probe,
    judge: (answers) => [
      ...silentOf(answers),
      ...answered(answers).flatMap(([host, facts]) => fitnessOf(host, facts, platform)),
    ],
  };
}

/** Everything that `osha check` looks at. */
export function preflight(
  inventory: Inventory,
  platform: Platform,
  wanted: readonly WantedPort[],
): HealthCheck<HostFacts> {
  const probe = factsProbe(
    inventory.hosts.map((host) => host.name),
    inventory.vips.map((vip) => vip.address),
  );
  return {
    scope: 'health',
    title: 'Before a deployment',
    members: inventory.hosts,
    probe: () => probe,
    judge: (answers) => {
      const facts = answered(answers);
      const partly = ofThoseThatAnswered(facts.length, answers.size);
      return [
        ...silentOf(answers),
        ...facts.flatMap(([host, of]) => [
          ...fitnessOf(host, of, platform),
          portsOf(host, of, wanted),
          namesOf(host, of, inventory),
        ]),
        ...clocksOf(facts, partly),
        ...inventory.vips.flatMap((vip) => vipOf(vip, facts, facts.length < answers.size)),
        ...mtuFindings(facts, inventory, partly),
      ];
    },
  };
}

/** A host that did not answer, or not in a way that can be understood, is not ready for anything. */
function silentOf(answers: Answers<HostFacts>): readonly Finding[] {
  return [...answers].flatMap(([host, answer]): readonly Finding[] =>
    answer.reachable
      ? []
      : [
          {
            host,
            subject: 'answer',
            healthy: false,
            evidence: `no answer: ${answer.reason}`,
            hint: `see whether it runs commands at all: osha exec INVENTORY --on ${host} -- uptime`,
          },
        ],
  );
}

function answered(answers: Answers<HostFacts>): readonly (readonly [string, HostFacts])[] {
  return [...answers].flatMap(([host, answer]) =>
    answer.reachable ? [[host, answer.observed] as const] : [],
  );
}

function portsOf(host: string, facts: HostFacts, wanted: readonly WantedPort[]): Finding {
  const taken = wanted
    .filter((want) => want.host === host)
    .flatMap((want) =>
      facts.listening
        .filter((found) => found.port === want.port && found.process !== '' && found.process !== want.process)
        // HAProxy holds the same ports as the services behind it, on the virtual IPs.
        .filter((found) => found.process !== 'haproxy')
        .map((found) => `${want.port} by ${found.process}`),
    );
  return {
    host,
    subject: 'ports',
    healthy: taken.length === 0,
    evidence: taken.length === 0 ? 'free, or ours' : `taken: ${[...new Set(taken)].join(', ')}`,
    hint: 'stop what listens there, or take the role from this host',
  };
}

function namesOf(host: string, facts: HostFacts, inventory: Inventory): Finding {
  const wrong = inventory.hosts
    .map((other) => ({ name: other.name, want: other.address, got: facts.names[other.name] }))
    // The phase `base` writes /etc/hosts: a name that is not known yet, or only as the host's own, is no mistake.
    .filter(({ want, got }) => got !== undefined && got !== want && !got.startsWith('127.'));
  return {
    host,
    subject: 'names',
    healthy: wrong.length === 0,
    evidence:
      wrong.length === 0
        ? 'no name points elsewhere'
        : wrong.map(({ name, got, want }) => `${name} is ${got ?? ''}, not ${want}`).join(', '),
    hint: 'correct the name server or /etc/hosts, or the address in the inventory',
  };
}

function clocksOf(facts: readonly (readonly [string, HostFacts])[], partly: string): readonly Finding[] {
  if (facts.length < 2) return [];
  const times = facts.map(([, of]) => of.epochSeconds);
  const skew = Math.max(...times) - Math.min(...times);
  return [
    {
      subject: 'clocks',
      healthy: skew <= MOST_SKEW_SECONDS,
      evidence: `within ${skew.toFixed(1)} s of each other${partly}`,
      hint: 'set the clocks: a step of hours while services run does harm',
    },
  ];
}

function vipOf(
  vip: Inventory['vips'][number],
  facts: readonly (readonly [string, HostFacts])[],
  isPartial: boolean,
): readonly Finding[] {
  const asFarAsKnown = isPartial ? ', as far as the hosts that answered know' : '';
  const holders = facts.filter(([, of]) => of.addresses.some((own) => own.address === vip.address));
  const seenBy = facts.filter(([, of]) => of.answering.includes(vip.address));
  const lacking = facts.filter(
    ([host, of]) => vip.holders.includes(host) && of.mtu[vip.interface] === undefined,
  );
  return [
    {
      subject: `virtual IP ${vip.name}`,
      healthy: holders.length === 1 || (holders.length === 0 && seenBy.length === 0),
      evidence:
        holders.length > 0
          ? `${vip.address} is held by ${holders.map(([host]) => host).join(' and ')}${asFarAsKnown}`
          : seenBy.length > 0
            ? `${vip.address} answers, and no host of the inventory holds it${asFarAsKnown}`
            : `${vip.address} is free${asFarAsKnown}`,
      hint: 'another machine uses this address, or two hosts believe that they hold it',
    },
    ...lacking.map(([host]): Finding => ({
      host,
      subject: `interface of virtual IP ${vip.name}`,
      healthy: false,
      evidence: `it has no ${vip.interface}`,
      hint: `set vips.${vip.name}.interface to the interface that each of its holders (${vip.holders.join(', ')}) has in its network`,
    })),
  ];
}
