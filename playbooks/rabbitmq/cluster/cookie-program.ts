import { rabbitmq } from 'osha';

/** A list of the cookie on stdin, or an empty one. */
const ON_STDIN = `case io:get_line(standard_io, "") of
  Got when is_list(Got) -> [list_to_atom(string:trim(Got))]; _ -> [] end`;

/** Which cookie a running node takes: the one on stdin, else the one in its file; and the nodes that it is connected to. */
export const WHICH_COOKIE = `
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
export const GIVE_COOKIE = `
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
