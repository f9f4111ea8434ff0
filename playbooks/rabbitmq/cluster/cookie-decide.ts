import {
  type Answers,
  clusterChange,
  type ClusterDecision,
  type Decided,
  type Evidence,
  type Host,
  type HostChange,
  type Platform,
  rabbitmq,
  type Secret,
  text,
  writeFileScript,
  type WriteOptions,
} from 'osha';

/** What is known of one member and its cookie. The cookie that it is to have is the wanted one. */
export interface CookieObservation {
  /** A broker runs on the host, whatever it answers. */
  readonly alive: boolean;
  readonly file: 'wanted' | 'other' | 'missing';
  /** What a running node took; absent where it took neither, or does not run. */
  readonly accepts?: 'wanted' | 'file' | undefined;
  readonly silence?: rabbitmq.Silence | undefined;
  /** Nodes that it is connected to. */
  readonly peers: readonly string[];
}

export interface CookieContext {
  readonly platform: Platform;
  readonly cookie: Secret;
  readonly access: WriteOptions;
  /** A command that gives the running node of a host the cookie in a file, a word of shell, or else on stdin. */
  giveScript(host: Host, forNodes: readonly string[], newCookie?: string): string;
}

type Member = { readonly host: Host; readonly node: string } & (
  { readonly reason: string; readonly observed?: undefined } | { readonly observed: CookieObservation }
);

type Asked = Extract<Member, { observed: CookieObservation }>;

/** Seconds that a node may take to be given a cookie. */
const GIVE_SECONDS = 30;

/**
 * How running nodes come to another Erlang cookie without an outage. Erlang compares cookies when a connection is made,
 * and each node may hold another one for each peer. So for each node that has to move: its peers are given the new
 * cookie for connections with it, then it takes the cookie for all of its own, and its file with that. At each point
 * every two nodes agree, whoever of them connects, and a node that has moved may be restarted.
 *
 * Refused where it cannot be told what a running node has, and where a connected node cannot be moved along: it would
 * be cut off at its next connection. Files of nodes that do not run are not this decision's.
 */
export function decideCookie(
  hosts: readonly Host[],
  answers: Answers<CookieObservation>,
  context: CookieContext,
): ClusterDecision {
  const members = hosts.map((host): Member => {
    const answer = answers.get(host.name) ?? { reachable: false as const, reason: 'it was not asked' };
    const base = { host, node: rabbitmq.nodeOf(host) };
    return answer.reachable ? { ...base, observed: answer.observed } : { ...base, reason: answer.reason };
  });
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

function decideByCase(members: readonly Member[], context: CookieContext): Decided {
  const asked = members.filter(isAsked);
  const moving = asked.filter(({ observed }) => observed.accepts === 'file');
  const unclear = asked.filter(({ observed }) => isUnclear(observed, moving.length > 0));
  if (unclear.length > 0) return refuseUnclear(unclear, context);
  if (moving.length === 0) return { verdict: 'converged' };
  const refused = leftBehind(members, asked, moving);
  if (refused) return refused;
  // A node without peers has nobody to agree with first.
  const lone = moving.filter((member) => peersOf(member, asked).length === 0);
  const others = moving.filter((member) => !lone.includes(member));
  return {
    verdict: 'change',
    because: `${inWords(moving)} runs with another Erlang cookie; it takes the one of the inventory while it runs`,
    stages: [
      ...(lone.length > 0 ? [lone.map((member) => take(member, members, context))] : []),
      ...others.flatMap((member) => [
        peersOf(member, asked).map((peer) => agree(peer, member, context)),
        [take(member, members, context)],
      ]),
    ],
  };
}

/** Neither cookie is known to be a running node's, and something is to be done that depends on it. */
function isUnclear({ alive, accepts, silence, file }: CookieObservation, isMoving: boolean): boolean {
  if (!alive || accepts !== undefined) return false;
  return isMoving || silence?.kind === 'refused' || file !== 'wanted';
}

function refuseUnclear(unclear: readonly Asked[], { platform }: CookieContext): Decided {
  const said = unclear.map(({ host, observed }) => `${host.name}: ${observed.silence?.said ?? 'no answer'}`);
  const path = platform.paths.rabbitmqCookie;
  const isCookie = unclear.every(({ observed }) => observed.silence?.kind === 'refused');
  return {
    verdict: 'refuse',
    reason: `the broker of ${inWords(unclear)} runs, and answers neither to the cookie in ${path} nor to the one of the inventory (${said.join('; ')}); with another in its file nothing could talk to it any more`,
    hint: isCookie
      ? `write the cookie that it was started with back to ${path} on ${inWords(unclear)} (owner rabbitmq, mode 0400), and run again; where that is lost: systemctl restart rabbitmq-server, on one host at a time`
      : `run again when it answers: rabbitmq-diagnostics ping, on ${inWords(unclear)}`,
  };
}

/** Nodes that are connected to one that moves, and cannot be moved themselves. */
function leftBehind(
  members: readonly Member[],
  asked: readonly Asked[],
  moving: readonly Asked[],
): Decided | undefined {
  const able = new Set(
    asked.filter(({ observed }) => observed.accepts !== undefined).map(({ node }) => node),
  );
  const behind = [...new Set(moving.flatMap(({ observed }) => observed.peers))].filter(
    (node) => !able.has(node),
  );
  if (behind.length === 0) return undefined;
  const missing = members.filter((member) => behind.includes(member.node)).map(({ host }) => host.name);
  const strange = behind.filter((node) => !members.some((member) => member.node === node));
  return {
    verdict: 'refuse',
    reason: `${inWords(moving)} has to take another Erlang cookie, and is connected to ${behind.join(', ')}, which cannot be given it: it would be cut off at its next connection`,
    hint: [
      ...(missing.length > 0 ? [`bring ${missing.join(', ')} back into reach`] : []),
      ...(strange.length > 0
        ? [
            `add the host of ${strange.join(', ')} to the inventory, or stop it and let it be forgotten (rabbitmqctl forget_cluster_node ${strange[0] ?? ''})`,
          ]
        : []),
    ].join('; '),
  };
}

/** Running members that a node is, or takes itself to be, connected with. */
function peersOf(member: Asked, asked: readonly Asked[]): readonly Asked[] {
  return asked.filter(
    (other) =>
      other !== member &&
      other.observed.accepts !== undefined &&
      (member.observed.peers.includes(other.node) || other.observed.peers.includes(member.node)),
  );
}

/** Also a peer that has moved: it may still hold an older cookie for this node. */
function agree(peer: Asked, member: Asked, context: CookieContext): HostChange {
  return change(peer.host, context, {
    summary: `agree with ${member.node} on another Erlang cookie`,
    script: context.giveScript(peer.host, [member.node]),
  });
}

function take(member: Asked, members: readonly Member[], context: CookieContext): HostChange {
  const path = context.platform.paths.rabbitmqCookie;
  const validate = context.giveScript(
    member.host,
    members.map(({ node }) => node),
    '{}',
  );
  return change(member.host, context, {
    summary: 'take another Erlang cookie, without a restart',
    script: writeFileScript(path, { ...context.access, validate }),
    files: [path],
  });
}

function change(
  host: Host,
  { platform, cookie }: CookieContext,
  what: { readonly summary: string; readonly script: string; readonly files?: readonly string[] },
): HostChange {
  const made = clusterChange({
    cluster: rabbitmq.CLUSTER,
    unit: platform.units.rabbitmq,
    effects: [],
    seconds: GIVE_SECONDS,
    ...what,
  });
  return { host: host.name, change: { ...made, input: text`${cookie}` } };
}

function isAsked(member: Member): member is Asked {
  return member.observed !== undefined;
}

function inWords(members: readonly Member[]): string {
  return members.map(({ host }) => host.name).join(', ');
}

function evidenceOf(members: readonly Member[]): Evidence {
  return {
    columns: ['member', 'broker', 'its cookie', 'file', 'connected to'],
    rows: members.map((member) => {
      if (!isAsked(member)) return [member.host.name, `unreachable: ${member.reason}`, '', '', ''];
      const { alive, accepts, silence, file, peers } = member.observed;
      const taken = accepts === undefined ? (silence?.said ?? '') : COOKIES[accepts];
      return [
        member.host.name,
        alive ? 'runs' : 'does not run',
        taken,
        file === 'wanted' ? "the inventory's" : file,
        peers.join(' '),
      ];
    }),
  };
}

const COOKIES = { wanted: "the inventory's", file: 'another, that of its file' } as const;
