import { posix } from 'node:path';
import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import { quote } from '../shell.ts';
import { within } from '../../playbook/limits.ts';

/** Below that, a node that refuses a connection has compared cookies; Erlang gives up on one that hangs after 7000. */
const REFUSED_MS = 5000;

/** The Erlang name of a host's node: the short name, which `/etc/hosts` has to resolve. */
export function nodeOf(host: Pick<Host, 'name'>): string {
  return `rabbit@${host.name.split('.')[0] ?? host.name}`;
}

/**
 * Defines the shell function `alive`: true while a broker runs on the host, whatever its tools say. The unit has a
 * process, or a broker that something else started listens where nodes or clients connect.
 */
export function aliveScript(platform: Platform): string {
  return `alive() {
  case $(systemctl show -p MainPID --value -- ${quote(platform.units.rabbitmq)} 2>/dev/null) in
    '' | 0) ss -Hltnp 'sport = :25672 or sport = :5672' 2>/dev/null | grep -q '"beam\\.smp"' ;;
  esac
}`;
}

/**
 * A shell command that runs an Erlang program next to the broker, which `OSHA_NODE` names for it. The bare node listens
 * nowhere, registers nowhere and makes no file; its own cookie means nothing, it takes the one in the file
 * `OSHA_COOKIE_FILE`. After its time (`LIMITS.rabbitmqAnswers`) the exit code is 124 or 137.
 */
export function askScript(platform: Platform, host: Host, program: string, environment = ''): string {
  const { rabbitmqCookie } = platform.paths;
  return `(cd / && timeout -k 1 ${within('rabbitmqAnswers')} setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups \\
  env HOME=${quote(posix.dirname(rabbitmqCookie))} ERL_CRASH_DUMP_BYTES=0 OSHA_NODE=${quote(nodeOf(host))} \\
  OSHA_COOKIE_FILE=${quote(rabbitmqCookie)} ${environment === '' ? '' : `${environment} `}\\
  erl -boot no_dot_erlang -noshell -hidden -start_epmd false -dist_listen false -setcookie none \\
  -sname "osha$$" +S 1:1 +A 1 -eval ${quote(program)})`;
}

/**
 * What every program begins with: `Node`; `Ask`, a call on it; `Line`, which prints a line with tabs; `FileCookie`, a
 * list of the cookie in the file, or empty; `Connect`, which tries a cookie; `Silent`, which prints why a node that was
 * tried since `Since` (milliseconds) gave no answer: the same questions that `rabbitmq-diagnostics` asks.
 */
export const PRELUDE = `
Node = list_to_atom(os:getenv("OSHA_NODE")),
[AliveName, HostName] = string:split(os:getenv("OSHA_NODE"), "@"),
Ask = fun(M, F, A) -> rpc:call(Node, M, F, A, 10000) end,
Text = fun(X) when is_binary(X); is_list(X) -> X; (X) -> io_lib:format("~0tp", [X]) end,
Bare = fun(X) when is_atom(X) -> atom_to_list(X); (X) -> Text(X) end,
Line = fun(Words) -> io:format("~ts~n", [lists:join("\\t", [Bare(W) || W <- Words])]) end,
Now = fun() -> erlang:monotonic_time(millisecond) end,
CookieIn = fun(Path) ->
  case file:read_file(Path) of {ok, Bytes} -> [binary_to_atom(string:trim(Bytes))]; _ -> [] end end,
FileCookie = CookieIn(os:getenv("OSHA_COOKIE_FILE")),
Connect = fun(Cookie) -> erlang:set_cookie(Node, Cookie), net_kernel:connect_node(Node) =:= true end,
Silent = fun(Since) ->
  Took = Now() - Since,
  {Kind, Said} = case inet:getaddr(HostName, inet) of
    {error, _} -> {unreachable, ["its host's name ", HostName, " does not resolve"]};
    {ok, Address} ->
      case erl_epmd:port_please(AliveName, Address, 3000) of
        {port, Port, _} ->
          case gen_tcp:connect(Address, Port, [], 3000) of
            {ok, Socket} ->
              gen_tcp:close(Socket),
              if Took < ${REFUSED_MS} -> {refused, "it refuses the Erlang cookie"};
                 true -> {slow, ["no answer within ", Text(Took div 1000), " s"]} end;
            {error, _} -> {unreachable, ["nothing listens on its port ", Text(Port)]}
          end;
        noport -> {unreachable, ["epmd knows no node ", AliveName]};
        _ -> {unreachable, "epmd does not answer"}
      end
  end,
  Line(["silence", Kind, Said])
end,
io:setopts([{encoding, unicode}]),
`.trim();

/** Why a node that runs gave no answer. */
export interface Silence {
  /**
   * - `refused`: it took the connection and not the cookie.
   * - `unreachable`: its name does not resolve, epmd does not answer or does not know it, nothing listens.
   * - `slow`: no answer in time, or only half of one.
   */
  readonly kind: 'refused' | 'unreachable' | 'slow';
  /** Such as "epmd knows no node rabbit". */
  readonly said: string;
}

/** What the lines of a program say about silence; `exitCode` is the program's. */
export function silenceOf(lines: readonly string[], exitCode: string): Silence {
  const [, kind, said = ''] = lines.find((line) => line.startsWith('silence\t'))?.split('\t') ?? [];
  if (kind === 'refused' || kind === 'unreachable' || kind === 'slow') return { kind, said };
  if (lines.some((line) => line.includes('\t'))) {
    return { kind: 'slow', said: 'it broke off in the middle of its answer' };
  }
  return {
    kind: 'slow',
    said:
      exitCode === '124' || exitCode === '137'
        ? 'no answer in time'
        : `the program that asks it ended with exit code ${exitCode}`,
  };
}
