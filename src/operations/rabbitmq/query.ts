import { PRELUDE } from './asking.ts';

/**
 * What a bare Erlang node asks the broker's node; one line for each fact, with tabs between. The calls are those that
 * `rabbitmqctl` makes. It reads users and passwords on stdin until that ends, and only says which are right. Without
 * the line `end` the answer is not whole: what a decision rests on could not be asked.
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
      _ -> Line(["silence", slow, "it takes a connection and answers nothing"])
    end
end,
halt().
`.trim();
