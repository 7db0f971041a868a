%% p1_pgsql (ejabberd's): statements by name over the protocol.
-module(p1_pgsql).
-export([main/0]).

main() ->
    try walk() of _ -> halt(0)
    catch Class:Reason -> io:format(standard_error, "~p ~p~n", [Class, Reason]), halt(1) end.

connect() ->
    {ok, Client} = pgsql:connect([{host, os:getenv("PGHOST")}, {port, list_to_integer(os:getenv("PGPORT"))},
        {database, "app"}, {user, "app"}, {password, ""}, {as_binary, true}, {transport, tcp}]),
    Client.

walk() ->
    Clients = lists:zip(lists:seq(1, 4), [connect() || _ <- lists:seq(1, 4)]),
    [prepare(Index, Client) || _ <- [once, again], {Index, Client} <- Clients],
    [sum(Number, Index, Client) || Number <- lists:seq(1, 3), {Index, Client} <- Clients],
    {_, First} = hd(Clients),
    {ok, _} = pgsql:squery(First, "set search_path = mine"),
    [own(Index, Client) || {Index, Client} <- Clients],
    [{ok, _} = pgsql:squery(Client, "select 1; deallocate s") || {_, Client} <- Clients],
    [prepare(Index, Client) || {Index, Client} <- Clients].

prepare(Index, Client) ->
    pgsql:unprepare(Client, "s"),
    {ok, _, _, _} = pgsql:prepare(Client, "s", "select ($1::int + " ++ integer_to_list(Index) ++ ")::text").

sum(Number, Index, Client) ->
    Wanted = integer_to_binary(Number + Index),
    {ok, {_, [[{text, Wanted}]]}} = pgsql:execute(Client, "s", [integer_to_list(Number)]).

own(Index, Client) ->
    {ok, [{_, _, [[Path]]}]} = pgsql:squery(Client, "show search_path"),
    true = (Path =:= <<"mine">>) =:= (Index =:= 1).
