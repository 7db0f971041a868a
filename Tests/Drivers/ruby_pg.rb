# The pg gem: named and unnamed statements, and what a session holds.
require "pg"

def expect(what, got, wanted) = (raise "#{what}: #{got.inspect} instead of #{wanted.inspect}" unless got == wanted)
def connection(**more) = PG.connect(host: ENV["PGHOST"], port: ENV["PGPORT"], dbname: "app", user: "app", **more)

def state
  yield
  "none"
rescue PG::Error => error
  error.result.error_field(PG::PG_DIAG_SQLSTATE)
end

clients = 5.times.map { connection }
clients.each { _1.set_notice_receiver { } }
clients.each_with_index { |client, index| client.prepare("s", "select $1::int + #{index}") }
3.times do |round|
  clients.each_with_index { |client, index| expect("named", client.exec_prepared("s", [round]).getvalue(0, 0), (round + index).to_s) }
end
clients.each_with_index { |client, index| client.prepare("", "select #{index}, $1::text") }
clients.each_with_index { |client, index| expect("unnamed", client.exec_prepared("", ["x"]).values, [[index.to_s, "x"]]) }
clients.each_with_index do |client, index|
  client.transaction do
    client.exec("DEALLOCATE s")
    client.prepare("s", "select #{index * 10}")
    expect("in transaction", client.exec_prepared("s").getvalue(0, 0), (index * 10).to_s)
  end
  client.exec("select 1; deallocate s")
  expect("gone", state { client.exec_prepared("s") }, "26000")
  expect("failed", state { client.prepare("s", "select nonsense") }, "42703")
  client.prepare("s", "select 1 / $1::int")
  expect("by zero", state { client.exec_prepared("s", [0]) }, "22012")
  expect("again", client.exec_prepared("s", [1]).getvalue(0, 0), "1")
  expect("EXECUTE", client.exec("execute s(1)").getvalue(0, 0), "1")
  expect("taken", state { client.prepare("s", "select 2") }, "42P05")
end

clients[0].exec("drop table if exists ruby_changing; create table ruby_changing as select 1 as a")
clients[1].prepare("changing", "select * from ruby_changing")
clients[1].exec_prepared("changing")
clients[0].exec("alter table ruby_changing add b int default 2")
# It asks for no description that could be told anew: Postgres's own error.
found = state { expect("columns", clients[1].exec_prepared("changing").nfields, 2) }
expect("changed", %w[none 0A000].include?(found), true)
clients[0].exec("drop table ruby_changing")

clients[2].enter_pipeline_mode
50.times { |number| clients[2].send_query_params("select $1::int", [number]) }
clients[2].pipeline_sync
50.times do |number|
  expect("pipeline", clients[2].get_result.getvalue(0, 0), number.to_s)
  clients[2].get_result
end
clients[2].get_result
clients[2].exit_pipeline_mode

clients[0].exec("set session characteristics as transaction isolation level serializable")
expect("own", clients[0].exec("show transaction_isolation").getvalue(0, 0), "serializable")
clients[1..].each { expect("another's", _1.exec("show transaction_isolation").getvalue(0, 0), "read committed") }
clients[0].exec("declare held cursor with hold for select generate_series(1, 5)")
(1..5).each do |number|
  expect("cursor", clients[0].exec("fetch held").getvalue(0, 0), number.to_s)
  clients[1..].each { _1.exec("select 1") }
end
clients[0].exec("close held")
clients[0].exec("select pg_advisory_lock(3)")
clients[1..].each { expect("lock", _1.exec("select pg_try_advisory_xact_lock(3)").getvalue(0, 0), "f") }
clients[0].exec("select pg_advisory_unlock(3)")
clients[0].exec("listen ruby_news")
clients[1].exec("notify ruby_news, 'heard'")
expect("heard", clients[0].wait_for_notify(10) { |_, _, payload| expect("payload", payload, "heard") }, "ruby_news")
clients[0].exec("unlisten *")

own = connection(options: "-c search_path=mine -c statement_timeout=7s")
3.times do
  expect("search_path", own.exec("show search_path").getvalue(0, 0), "mine")
  expect("another's", clients[1].exec("show statement_timeout").getvalue(0, 0), "0")
end
begin
  PG.connect(host: ENV["PGHOST"], port: ENV["PASSWORD_PORT"], dbname: "app", user: "app", password: "wrong")
  raise "a wrong password was taken"
rescue PG::ConnectionBad => error
  expect("wrong password", error.message.include?("authentication failed"), true)
end
