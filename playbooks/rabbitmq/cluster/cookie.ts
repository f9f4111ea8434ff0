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
} from 'osha';
import { decideCookie, type CookieObservation } from './cookie-decide.ts';

export interface CookieOptions {
  readonly platform: Platform;
  readonly cookie: Secret;
}

/** Who may read the cookie: Erlang starts with no other mode. */
const ACCESS = { owner: 'rabbitmq', group: 'rabbitmq', mode: 0o400 };

/**
 * Every node of `hosts` that runs takes this Erlang cookie, while it runs: one node at a time, its peers first, and its
 * file with it. No connection is cut, and none is refused between two nodes that are at different points of the way.
 * Nodes that do not run have `cookieFile`.
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
 * The file with the Erlang cookie. Where a node runs, it has to take the cookie before the file is replaced: with
 * another one in its file, its own tools could not talk to it any more.
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

/** Gives the running node of `host` a cookie for connections with `forNodes`: that in a file, or else the one on stdin. */
function giveScript(platform: Platform, host: Host, forNodes: readonly string[], newCookie?: string): string {
  const file = newCookie === undefined ? '' : `OSHA_NEW_COOKIE=${newCookie} `;
  return rabbitmq.askScript(platform, host, GIVE_COOKIE, `${file}OSHA_FOR=${quote(forNodes.join(' '))}`);
}

function cookieProbe(platform: Platform, host: Host, cookie: Secret): Probe<CookieObservation> {
  const path = quote(platform.paths.rabbitmqCookie);
  return {
    // The cookie is only in variables of the shell, and on pipes: in no argument, and in no environment.
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

/** Understands what the probe printed. */
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

/** A list of the cookie on stdin, or an empty one. */
const ON_STDIN = `case io:get_line(standard_io, "") of
  Got when is_list(Got) -> [list_to_atom(string:trim(Got))]; _ -> [] end`;

/** Which cookie a running node takes: the one on stdin, else the one in its file; and the nodes that it is connected to. */
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
 * Gives a running node the cookie in the file `OSHA_NEW_COOKIE`, or else on stdin, for connections with the nodes in `OSHA_FOR`; the
 * node's own name there is what all others, and its tools, are held against. Connections that exist stay. Where its own
 * is among them, a new connection has to prove it. Ends with exit code 1, and why on stderr, where it did not come to that.
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
