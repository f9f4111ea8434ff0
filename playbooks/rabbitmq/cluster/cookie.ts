import {
  type ClusterOperation,
  file,
  type Host,
  type Operation,
  type PathState,
  type Platform,
  type Probe,
  type ProbeAnswer,
  quote,
  rabbitmq,
  type Secret,
  text,
  unitKey,
  type Answers,
  clusterChange,
  type ClusterDecision,
  type Decided,
  type Evidence,
  type HostChange,
  writeFileScript,
  type WriteOptions,
} from 'osha';

export interface CookieOptions {
  readonly platform: Platform;
  readonly cookie: Secret;
}

/**
 * Switches the running nodes of `hosts` to this Erlang cookie without a restart: one node at a time, its peers first,
 * then the node with its file. No connection is cut, and at no point do two nodes refuse each other. Nodes that do not
 * run get their cookie from `cookieFile`.
 */
export function cookieTaken(
  hosts: readonly Host[],
  { platform, cookie }: CookieOptions,
): ClusterOperation<CookieObservation> {
  return {
    scope: 'cluster',
    title: 'one Erlang cookie in all running nodes',
    members: hosts,
    probe: (host) => cookieProbe(platform, host, cookie),
    decide: (answers) =>
      decideCookie(hosts, answers, {
        platform,
        cookie,
        access: ACCESS,
        giveScript: (host, forNodes, newCookie) => giveScript(platform, host, forNodes, newCookie),
      }),
  };
}

/**
 * Writes the file with the Erlang cookie. A running node has to accept the cookie first: its own tools use the one in
 * the file.
 */
export function cookieFile(
  host: Host,
  hosts: readonly Host[],
  { platform, cookie }: CookieOptions,
): Operation<PathState> {
  const validate = `${rabbitmq.aliveScript(platform)}
! alive || {\n${giveScript(platform, host, hosts.map(rabbitmq.nodeOf), '{}')}\n}`;
  return file.content(platform.paths.rabbitmqCookie, { content: cookie, ...ACCESS, validate });
}

/** The observed cookie of one member; `wanted` is the one that it should have. */
export interface CookieObservation {
  /** Whether a broker runs on the host, even if it does not answer. */
  readonly alive: boolean;
  readonly file: 'wanted' | 'other' | 'missing';
  /** The cookie that a running node accepted; absent if it accepted neither or does not run. */
  readonly accepts?: 'wanted' | 'file' | undefined;
  readonly silence?: rabbitmq.Silence | undefined;
  /** Nodes to which it is connected. */
  readonly peers: readonly string[];
}

interface CookieContext {
  readonly platform: Platform;
  readonly cookie: Secret;
  readonly access: WriteOptions;
  /** Script that sets the cookie of a host's running node, from a file (a shell word) or from stdin. */
  giveScript(host: Host, forNodes: readonly string[], newCookie?: string): string;
}

/**
 * Decides how running nodes switch to another Erlang cookie without an outage. Erlang compares cookies when a
 * connection is made, and a node may hold a separate cookie for each peer. So for each node to switch: its peers get
 * the new cookie for connections with it, then the node takes it for all connections, together with its file. At every
 * point any two nodes agree, whichever connects, and a switched node may be restarted.
 *
 * Refuses if the cookie of a running node is unknown, or if a connected node cannot be switched as well: it would be
 * cut off at its next connection. Files of nodes that do not run are left to `cookieFile`.
 */
function decideCookie(
  hosts: readonly Host[],
  answers: Answers<CookieObservation>,
  context: CookieContext,
): ClusterDecision {
  const members = hosts.map((host): Member => {
    const answer = answers.get(host.name) ?? { reachable: false as const, reason: 'not queried' };
    const base = { host, node: rabbitmq.nodeOf(host) };
    return answer.reachable ? { ...base, observed: answer.observed } : { ...base, reason: answer.reason };
  });
  return { ...decideByCase(members, context), evidence: evidenceOf(members) };
}

/** Parses the output of the probe. */
export function parseCookie(answer: ProbeAnswer): CookieObservation {
  const lines = answer.stdout.split('\n');
  const first = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  const fields = lines.map((line) => line.split('\t'));
  const file = first('file');
  const accepts = fields.find(([key]) => key === 'accepts')?.[1];
  const alive = first('alive') === 'yes';
  const isAccepted = accepts === 'wanted' || accepts === 'file';
  return {
    alive,
    file: file === 'wanted' || file === 'other' ? file : 'missing',
    accepts: isAccepted ? accepts : undefined,
    silence: alive && !isAccepted ? rabbitmq.silenceOf(lines, first('asked') ?? '') : undefined,
    peers: fields.filter(([key]) => key === 'peer').map(([, node = '']) => node),
  };
}

function cookieProbe(platform: Platform, host: Host, cookie: Secret): Probe<CookieObservation> {
  const path = quote(platform.paths.rabbitmqCookie);
  return {
    // The cookie is only in shell variables and on pipes, never in an argument or an environment.
    script: `wanted=$(cat)
if [ ! -e ${path} ]; then
  echo file=missing
elif [ "$(cat ${path})" = "$wanted" ]; then
  echo file=wanted
else
  echo file=other
fi
${rabbitmq.aliveScript(platform)}
if alive; then
  echo alive=yes
  printf '%s\\n' "$wanted" | ${rabbitmq.askScript(platform, host, WHICH_COOKIE)} 2>/dev/null
  echo "asked=$?"
fi
exit 0`,
    input: text`${cookie}\n`,
    reads: [
      rabbitmq.CLUSTER,
      unitKey(platform.units.rabbitmq),
      `file:${platform.paths.rabbitmqCookie}`,
      ...platform.packages.rabbitmq.map((name) => `package:${name}` as const),
    ],
    parse: parseCookie,
  };
}

/**
 * Script that sets the cookie of the running node of `host` for connections with `forNodes`, from a file or from stdin.
 */
function giveScript(platform: Platform, host: Host, forNodes: readonly string[], newCookie?: string): string {
  const file = newCookie === undefined ? '' : `OSHA_NEW_COOKIE=${newCookie} `;
  return rabbitmq.askScript(platform, host, GIVE_COOKIE, `${file}OSHA_FOR=${quote(forNodes.join(' '))}`);
}

/** Ownership and mode of the cookie: Erlang refuses to start with any other mode. */
const ACCESS = { owner: 'rabbitmq', group: 'rabbitmq', mode: 0o400 };

type Member = { readonly host: Host; readonly node: string } & (
  { readonly reason: string; readonly observed?: undefined } | { readonly observed: CookieObservation }
);

type Asked = Extract<Member, { observed: CookieObservation }>;

function decideByCase(members: readonly Member[], context: CookieContext): Decided {
  const asked = members.filter(isAsked);
  const switching = asked.filter(({ observed }) => observed.accepts === 'file');
  const unclear = asked.filter(({ observed }) => isUnclear(observed, switching.length > 0));
  if (unclear.length > 0) return refuseUnclear(unclear, context);
  if (switching.length === 0) return { verdict: 'converged' };
  const refused = refuseLeftBehind(members, asked, switching);
  if (refused) return refused;
  // A node without peers needs no agreement first.
  const lone = switching.filter((member) => peersOf(member, asked).length === 0);
  const others = switching.filter((member) => !lone.includes(member));
  return {
    verdict: 'change',
    because: `${hostNames(switching)} runs with another Erlang cookie; it takes the one of the inventory without a restart`,
    stages: [
      ...(lone.length > 0 ? [lone.map((member) => take(member, members, context))] : []),
      ...others.flatMap((member) => [
        peersOf(member, asked).map((peer) => agree(peer, member, context)),
        [take(member, members, context)],
      ]),
    ],
  };
}

/** Whether the cookie of a running node is unknown although a change depends on it. */
function isUnclear({ alive, accepts, silence, file }: CookieObservation, isSwitching: boolean): boolean {
  if (!alive || accepts !== undefined) return false;
  return isSwitching || silence?.kind === 'refused' || file !== 'wanted';
}

function refuseUnclear(unclear: readonly Asked[], { platform }: CookieContext): Decided {
  const said = unclear.map(({ host, observed }) => `${host.name}: ${observed.silence?.said ?? 'no answer'}`);
  const path = platform.paths.rabbitmqCookie;
  const isCookie = unclear.every(({ observed }) => observed.silence?.kind === 'refused');
  return {
    verdict: 'refuse',
    reason: `the broker of ${hostNames(unclear)} runs, but accepts neither the cookie in ${path} nor the one of the inventory (${said.join('; ')}); with another one in its file, its tools could no longer reach it`,
    hint: isCookie
      ? `restore the cookie that it was started with in ${path} on ${hostNames(unclear)} (owner rabbitmq, mode 0400), then run again; if that cookie is lost: systemctl restart rabbitmq-server, on one host at a time`
      : `run again once it answers: rabbitmq-diagnostics ping, on ${hostNames(unclear)}`,
  };
}

/** Refuses if a node is connected to one that switches, but cannot be switched itself. */
function refuseLeftBehind(
  members: readonly Member[],
  asked: readonly Asked[],
  switching: readonly Asked[],
): Decided | undefined {
  const able = new Set(
    asked.filter(({ observed }) => observed.accepts !== undefined).map(({ node }) => node),
  );
  const behind = [...new Set(switching.flatMap(({ observed }) => observed.peers))].filter(
    (node) => !able.has(node),
  );
  if (behind.length === 0) return undefined;
  const missing = members.filter((member) => behind.includes(member.node)).map(({ host }) => host.name);
  const strange = behind.filter((node) => !members.some((member) => member.node === node));
  return {
    verdict: 'refuse',
    reason: `${hostNames(switching)} has to take another Erlang cookie, but is connected to ${behind.join(', ')}, which cannot take it and would be cut off at its next connection`,
    hint: [
      ...(missing.length > 0 ? [`bring ${missing.join(', ')} back`] : []),
      ...(strange.length > 0
        ? [
            `add the host of ${strange.join(', ')} to the inventory, or stop it and remove it from the cluster (rabbitmqctl forget_cluster_node ${strange[0] ?? ''})`,
          ]
        : []),
    ].join('; '),
  };
}

/** Running members that report a connection with the node, or to which it reports one. */
function peersOf(member: Asked, asked: readonly Asked[]): readonly Asked[] {
  return asked.filter(
    (other) =>
      other !== member &&
      other.observed.accepts !== undefined &&
      (member.observed.peers.includes(other.node) || other.observed.peers.includes(member.node)),
  );
}

/** Sets the new cookie on a peer. Needed even on a switched peer, which may hold an older cookie for this node. */
function agree(peer: Asked, member: Asked, context: CookieContext): HostChange {
  return change(peer.host, context, {
    summary: `accept another Erlang cookie from ${member.node}`,
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

/** Seconds to set the cookie of a node. */
const GIVE_SECONDS = 30;

function isAsked(member: Member): member is Asked {
  return member.observed !== undefined;
}

function hostNames(members: readonly Member[]): string {
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

const COOKIES = { wanted: "the inventory's", file: 'that in its file' } as const;

/** Erlang expression for a list with the cookie on stdin, or an empty list. */
const ON_STDIN = `case io:get_line(standard_io, "") of
  Got when is_list(Got) -> [list_to_atom(string:trim(Got))]; _ -> [] end`;

/**
 * Erlang program that prints which cookie a running node accepts (stdin's, otherwise its file's), and its connected
 * peers.
 */
const WHICH_COOKIE = `
${rabbitmq.PRELUDE}
Since = Now(),
Wanted = ${ON_STDIN},
Accepted = case lists:any(Connect, Wanted) of
  true -> wanted;
  false -> case lists:any(Connect, FileCookie -- Wanted) of true -> file; false -> none end
end,
case Accepted of
  none -> Silent(Since);
  _ ->
    case Ask(erlang, nodes, []) of
      Peers when is_list(Peers) ->
        [Line(["peer", Peer]) || Peer <- Peers],
        Line(["accepts", Accepted]);
      _ -> Line(["silence", slow, "it takes a connection and answers nothing"])
    end
end,
halt().
`.trim();

/**
 * Erlang program that sets the cookie of a running node, from the file `OSHA_NEW_COOKIE` or from stdin, for connections
 * with the nodes in `OSHA_FOR`. The node's own name there sets the cookie for all other nodes and its tools; a new
 * connection then has to prove it. Existing connections stay. On failure it exits with code 1 and the reason on stderr.
 */
const GIVE_COOKIE = `
${rabbitmq.PRELUDE}
Fail = fun(Why) -> io:format(standard_error, "~ts~n", [Why]), halt(1) end,
Given = case os:getenv("OSHA_NEW_COOKIE") of false -> ${ON_STDIN}; Path -> CookieIn(Path) end,
New = case Given of [Cookie] -> Cookie; [] -> Fail("there is no new Erlang cookie") end,
For = [list_to_atom(N) || N <- string:lexemes(os:getenv("OSHA_FOR"), " ")],
lists:any(Connect, [New | FileCookie]) orelse
  Fail(["the running ", atom_to_list(Node), " takes neither the new Erlang cookie nor the one in its file"]),
[true = Ask(erlang, set_cookie, [N, New]) || N <- For],
case lists:member(Node, For) of
  false -> ok;
  true ->
    net_kernel:disconnect(Node),
    Connect(New) orelse Fail([atom_to_list(Node), " does not take the new Erlang cookie"])
end,
halt().
`.trim();
