import { posix } from 'node:path';
import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import { quote } from '../shell.ts';
import { within } from '../../playbook/limits.ts';

/** The Erlang name of a host's node: the short name, which `/etc/hosts` must resolve. */
export function nodeOf(host: Pick<Host, 'name'>): string {
  return `rabbit@${host.name.split('.')[0] ?? host.name}`;
}

/**
 * Defines the shell function `alive`: true while a broker runs on the host, regardless of what its tools report: the
 * unit has a process, or a broker started otherwise listens on the port for nodes or clients.
 */
export function aliveScript(platform: Platform): string {
  return `alive() {
  case $(systemctl show -p MainPID --value -- ${quote(platform.units.rabbitmq)} 2>/dev/null) in
    '' | 0) ss -Hltnp 'sport = :25672 or sport = :5672' 2>/dev/null | grep -q '"beam\\.smp"' ;;
  esac
}`;
}

/**
 * Shell commands that set `data` to the directory where a host's node actually keeps its data, and define `keeps`,
 * which prints how many durable queues have files there. RABBITMQ_MNESIA_BASE or RABBITMQ_MNESIA_DIR, in the unit's
 * environment or its files, or MNESIA_BASE or MNESIA_DIR in rabbitmq-env.conf, move the directory.
 */
export function dataScript(platform: Platform, host: Pick<Host, 'name'>): string {
  const unit = quote(platform.units.rabbitmq);
  const usual = `${posix.dirname(platform.paths.rabbitmqCookie)}/mnesia`;
  return `moved=$(
  sed -n 's/^[[:space:]]*\\(export[[:space:]]*\\)\\{0,1\\}\\(RABBITMQ_\\)\\{0,1\\}\\(MNESIA_[A-Z]*=\\)/\\3/p' ${quote(platform.paths.rabbitmqEnv)} 2>/dev/null || :
  systemctl show -p EnvironmentFiles --value -- ${unit} 2>/dev/null | sed 's/ (ignore_errors=.*//' |
    while read -r file; do sed -n 's/^RABBITMQ_\\(MNESIA_[A-Z]*=\\)/\\1/p' "$file" 2>/dev/null || :; done
  systemctl show -p Environment --value -- ${unit} 2>/dev/null | tr ' ' '\\n' | sed -n 's/^"\\{0,1\\}RABBITMQ_\\(MNESIA_[A-Z]*=\\)/\\1/p'
)
moved_to() { printf '%s\\n' "$moved" | sed -n "s/^$1=//p" | tail -n 1 | tr -d "\\"'"; }
data=$(moved_to MNESIA_DIR)
base=$(moved_to MNESIA_BASE)
[ -n "$data" ] || data=\${base:-${usual}}/${nodeOf(host)}
keeps() {
  find "$data"/msg_stores/vhosts/*/queues/* "$data"/quorum/*/* "$data"/stream/* -maxdepth 0 -type d 2>/dev/null | wc -l
}`;
}

/**
 * A shell command that runs an Erlang program next to the broker, whose node is in `OSHA_NODE`. The bare node does not
 * listen, does not register and writes no file; it uses the cookie in the file `OSHA_COOKIE_FILE`. On a timeout
 * (`LIMITS.rabbitmqAnswers`) the exit code is 124 or 137.
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
 * Shell commands that print a digest of what a node at rest has on disc about its cluster (users, virtual hosts, policies,
 * durable queues and where their copies are): nodes with the same digest can replace each other. Reads copies of the files
 * in `data` (see `dataScript`). Prints nothing if the files cannot be read.
 */
export function definitionsScript(): string {
  const files = DEFINITION_TABLES.flatMap((table) => [`${table}.DCD`, `${table}.DCL`]);
  return `copies=$(mktemp -d)
for file in ${[...files, ...MNESIA_LOGS].join(' ')}; do
  [ ! -e "$data/$file" ] || cp -- "$data/$file" "$copies/"
done
(cd / && timeout -k 1 ${within('rabbitmqAnswers')} env HOME="$copies" ERL_CRASH_DUMP_BYTES=0 OSHA_COPIES="$copies" \\
  erl -boot no_dot_erlang -noshell +S 1:1 +A 1 -eval ${quote(DEFINITIONS)}) </dev/null 2>/dev/null || :
rm -rf -- "$copies"`;
}

/** The tables of Mnesia that RabbitMQ keeps on disc. */
const DEFINITION_TABLES = [
  'rabbit_user',
  'rabbit_user_permission',
  'rabbit_topic_permission',
  'rabbit_vhost',
  'rabbit_runtime_parameters',
  'rabbit_durable_exchange',
  'rabbit_durable_queue',
  'rabbit_durable_route',
] as const;

/** The logs of Mnesia with changes that are not in the tables' files yet, older one first. */
const MNESIA_LOGS = ['PREVIOUS.LOG', 'LATEST.LOG'] as const;

/**
 * A table is a file with its rows (`.DCD`), a log of later changes (`.DCL`), and what Mnesia's own log still holds as
 * `commit` records, whose fifth element are the changes to such tables (mnesia.hrl). Process identifiers are numbered
 * differently on each node: only their nodes count. A change of an unknown kind ends the program without a digest.
 */
const DEFINITIONS = `
Copies = os:getenv("OSHA_COPIES"),
Tables = [${DEFINITION_TABLES.join(', ')}],
Read = fun(Name) ->
  File = filename:join(Copies, Name),
  case filelib:is_regular(File) of
    false -> [];
    true ->
      case disk_log:open([{name, Name}, {file, File}, {repair, true}]) of
        {ok, _} -> ok; {repaired, _, _, {badbytes, _}} -> ok end,
      Chunks = fun Next(At) ->
        case disk_log:chunk(Name, At) of eof -> []; {After, Terms} -> Terms ++ Next(After) end end,
      Chunks(start)
  end
end,
Kept = ets:new(kept, [set]),
Apply = fun
  ({{Table, Key}, Row, write}) -> ets:insert(Kept, {{Table, Key}, Row});
  ({{Table, Key}, _, delete}) -> ets:delete(Kept, {Table, Key});
  ({{Table, Key}, _, delete_object}) -> ets:delete(Kept, {Table, Key});
  ({{Table, _}, _, clear_table}) -> ets:match_delete(Kept, {{Table, '_'}, '_'});
  (Header) when element(1, Header) =:= log_header -> ok
end,
[begin
  Name = atom_to_list(Table),
  [ets:insert(Kept, {{Table, element(2, Row)}, Row}) || Row <- Read(Name ++ ".DCD"), element(1, Row) =/= log_header],
  [Apply(Change) || Change <- Read(Name ++ ".DCL")]
end || Table <- Tables],
[[Apply(Change) || {{Table, _}, _, _} = Change <- element(5, Commit), lists:member(Table, Tables)]
  || Log <- [${MNESIA_LOGS.map((name) => `"${name}"`).join(', ')}], Commit <- Read(Log), element(1, Commit) =:= commit],
Plain = fun
  Plain(X) when is_pid(X) -> node(X);
  Plain(X) when is_reference(X); is_function(X) -> omitted;
  Plain([X | Rest]) -> [Plain(X) | Plain(Rest)];
  Plain(X) when is_tuple(X) -> list_to_tuple([Plain(E) || E <- tuple_to_list(X)]);
  Plain(X) when is_map(X) -> lists:sort([{Plain(K), Plain(V)} || {K, V} <- maps:to_list(X)]);
  Plain(X) -> X
end,
Digest = erlang:md5(term_to_binary(lists:sort([Plain(Row) || Row <- ets:tab2list(Kept)]))),
io:format("definitions=~s~n", [[io_lib:format("~2.16.0b", [B]) || <<B>> <= Digest]]),
halt().
`.trim();

/** A refusal in less time means that the node compared cookies; Erlang gives up on a hanging connection after 7000. */
const REFUSED_MS = 5000;

/**
 * The beginning of every program: `Node`; `Ask`, a call on it; `Line`, which prints a tab-separated line; `FileCookie`,
 * a list with the cookie in the file, or empty; `Connect`, which tries a cookie; `Silent`, which prints why a node that
 * was tried since `Since` (milliseconds) gave no answer, with the checks of `rabbitmq-diagnostics`.
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

/**
 * The program of a bare Erlang node that queries the broker's node; it prints one tab-separated line per fact, with the
 * same calls as `rabbitmqctl`. It reads users and passwords on stdin, and only prints which are right. Without the line
 * `end` the answer is incomplete, and no basis for a decision.
 */
export const QUERY = `
${PRELUDE}
Since = Now(),
Rows = fun(List, Do) when is_list(List) -> [Do(X) || X <- List]; (_, _) -> [] end,
Needed = fun(List, Do) when is_list(List) -> [Do(X) || X <- List]; (_, _) -> put(lacking, true) end,
Get = fun(Key, List) -> proplists:get_value(Key, List, <<>>) end,
Check = fun Again() ->
  case io:get_line(standard_io, "") of
    Got when is_list(Got) ->
      case string:split(string:trim(Got, trailing, "\\n"), "\\t") of
        [User, Password] ->
          Name = unicode:characters_to_binary(User),
          Proof = [{password, unicode:characters_to_binary(Password)}],
          case Ask(rabbit_auth_backend_internal, user_login_authentication, [Name, Proof]) of
            {ok, _} -> Line(["password", Name, "true"]);
            {refused, _, _} -> Line(["password", Name, "false"]);
            _ -> ok
          end;
        _ -> ok
      end,
      Again();
    _ -> ok
  end
end,
case lists:any(Connect, FileCookie) of
  false when FileCookie =:= [] -> Line(["silence", refused, "there is no cookie file to ask it with"]);
  false -> Silent(Since);
  true ->
    case Ask(rabbit, is_running, []) of
      Running when is_boolean(Running) ->
        Line(["running", Running]),
        Line(["paused", is_pid(Ask(erlang, whereis, [rabbit_outside_app_process]))]),
        Line(["version", Ask(rabbit_misc, version, [])]),
        Needed(Ask(rabbit_mnesia, cluster_nodes, [all]), fun(X) -> Line(["member", X]) end),
        Needed(Ask(rabbit_mnesia, cluster_nodes, [disc]), fun(X) -> Line(["disc", X]) end),
        Running andalso begin
          Needed(Ask(rabbit_mnesia, cluster_nodes, [running]), fun(X) -> Line(["running_member", X]) end),
          Needed(Ask(rabbit_node_monitor, partitions, []), fun(X) -> Line(["partition", X]) end),
          Rows(Ask(rabbit_alarm, get_alarms, []), fun(X) -> Line(["alarm", X]) end),
          case Ask(rabbit_amqqueue, count, []) of N when is_integer(N) -> Line(["queues", N]); _ -> ok end,
          case Ask(rabbit_networking, local_connections, []) of
            L when is_list(L) -> Line(["connections", length(L)]); _ -> ok end,
          Needed(Ask(rabbit_vhost, list_names, []), fun(X) -> Line(["vhost", X]) end),
          Rows(Ask(rabbit_runtime_parameters, list_global, []), fun(X) -> Line(["parameter", Get(name, X)]) end),
          Needed(Ask(rabbit_auth_backend_internal, list_users, []), fun(X) ->
            Line(["user", Get(user, X), lists:join(" ", [Bare(T) || T <- Get(tags, X)])]) end),
          Rows(Ask(rabbit_auth_backend_internal, list_permissions, []), fun(X) ->
            Line(["permission" | [Get(K, X) || K <- [vhost, user, configure, write, read]]]) end),
          Needed(Ask(rabbit_policy, list, []), fun(X) ->
            Json = Ask(rabbit_json, encode, [maps:from_list(Get(definition, X))]),
            Line(["policy" | [Get(K, X) || K <- [vhost, name, pattern, 'apply-to', priority]] ++ [Json]]) end),
          Check()
        end,
        case get(lacking) of undefined -> Line(["end", "true"]); _ -> ok end;
      _ -> Line(["silence", slow, "it accepts a connection but does not answer"])
    end
end,
halt().
`.trim();

/** Why a running node gave no answer. */
export interface Silence {
  /**
   * - `refused`: it accepted the connection but not the cookie.
   * - `unreachable`: its name does not resolve, epmd does not answer or does not know it, nothing listens.
   * - `slow`: no answer in time, or an incomplete one.
   */
  readonly kind: 'refused' | 'unreachable' | 'slow';
  /** Such as "epmd knows no node rabbit". */
  readonly said: string;
}

/** The silence in the output lines of a program; `exitCode` is the program's. */
export function silenceOf(lines: readonly string[], exitCode: string): Silence {
  const [, kind, said = ''] = lines.find((line) => line.startsWith('silence\t'))?.split('\t') ?? [];
  if (kind === 'refused' || kind === 'unreachable' || kind === 'slow') return { kind, said };
  if (lines.some((line) => line.includes('\t'))) {
    return { kind: 'slow', said: 'its answer was cut short' };
  }
  return {
    kind: 'slow',
    said:
      exitCode === '124' || exitCode === '137'
        ? 'no answer in time'
        : `the program that asks it ended with exit code ${exitCode}`,
  };
}
