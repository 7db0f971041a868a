(* OCaml's postgresql: libpq with parameters. *)
open Postgresql

let connect () =
  new connection ~host:(Sys.getenv "PGHOST") ~port:(Sys.getenv "PGPORT") ~dbname:"app" ~user:"app" ()

let expect what got wanted = if got <> wanted then failwith (what ^ ": " ^ got ^ " instead of " ^ wanted)

let () =
  let clients = Array.init 4 (fun _ -> connect ()) in
  Array.iteri (fun index (client : connection) ->
    ignore (client#exec ~expect:[Command_ok] (Printf.sprintf "prepare p%d as select 1; deallocate p%d" index index))) clients;
  for number = 1 to 5 do
    Array.iteri (fun index client ->
      let result = (client : connection)#exec ~expect:[Tuples_ok] ~params:[| string_of_int number |]
        (Printf.sprintf "select $1::int + %d" index) in
      expect "sum" (result#getvalue 0 0) (string_of_int (number + index))) clients
  done;
  ignore (clients.(0)#exec "set session characteristics as transaction read only");
  Array.iteri (fun index (client : connection) ->
    let result = client#exec "show transaction_read_only" in
    expect "read only" (result#getvalue 0 0) (if index = 0 then "on" else "off")) clients;
  ignore (clients.(1)#exec "listen ocaml_news");
  ignore (clients.(2)#exec "notify ocaml_news");
  Array.iter (fun client -> client#finish) clients
