/**
 * What a bare Erlang node asks the broker's node, named in `OSHA_NODE`; one line for each fact, with tabs between. The
 * calls are those that `rabbitmqctl` makes. It reads users and passwords on stdin until that ends, and only says which
 * are right.
 */
export const QUERY = `
Node = list_to_atom(os:getenv("OSHA_NODE")),
Ask = fun(M, F, A) -> rpc:call(Node, M, F, A, 10000) end,
Text = fun(X) when is_binary(X); is_list(X) -> X; (X) -> io_lib:format("~0tp", [X]) end,
Bare = fun(X) when is_atom(X) -> atom_to_list(X); (X) -> Text(X) end,
Line = fun(Words) -> io:format("~ts~n", [lists:join("\\t", [Bare(W) || W <- Words])]) end,
Rows = fun(List, Do) when is_list(List) -> [Do(X) || X <- List]; (_, _) -> [] end,
Get = fun(Key, List) -> proplists:get_value(Key, List, <<>>) end,
io:setopts([{encoding, unicode}]),
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
case Ask(rabbit, is_running, []) of
  Running when is_boolean(Running) ->
    Line(["running", Running]),
    Line(["version", Ask(rabbit_misc, version, [])]),
    Rows(Ask(rabbit_mnesia, cluster_nodes, [all]), fun(X) -> Line(["member", X]) end),
    Rows(Ask(rabbit_mnesia, cluster_nodes, [disc]), fun(X) -> Line(["disc", X]) end),
    Running andalso begin
      Rows(Ask(rabbit_mnesia, cluster_nodes, [running]), fun(X) -> Line(["running_member", X]) end),
      Rows(Ask(rabbit_node_monitor, partitions, []), fun(X) -> Line(["partition", X]) end),
      Rows(Ask(rabbit_alarm, get_alarms, []), fun(X) -> Line(["alarm", X]) end),
      case Ask(rabbit_amqqueue, count, []) of N when is_integer(N) -> Line(["queues", N]); _ -> ok end,
      Rows(Ask(rabbit_vhost, list_names, []), fun(X) -> Line(["vhost", X]) end),
      Rows(Ask(rabbit_runtime_parameters, list_global, []), fun(X) -> Line(["parameter", Get(name, X)]) end),
      Rows(Ask(rabbit_auth_backend_internal, list_users, []), fun(X) ->
        Line(["user", Get(user, X), lists:join(" ", [Bare(T) || T <- Get(tags, X)])]) end),
      Rows(Ask(rabbit_auth_backend_internal, list_permissions, []), fun(X) ->
        Line(["permission" | [Get(K, X) || K <- [vhost, user, configure, write, read]]]) end),
      Rows(Ask(rabbit_policy, list, []), fun(X) ->
        Json = Ask(rabbit_json, encode, [maps:from_list(Get(definition, X))]),
        Line(["policy" | [Get(K, X) || K <- [vhost, name, pattern, 'apply-to', priority]] ++ [Json]]) end),
      Check()
    end,
    Line(["end", "true"]);
  _ -> ok
end,
halt().
`.trim();
