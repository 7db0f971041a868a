# Sequel: prepared statements by name, cursors WITH HOLD, advisory locks.
require "sequel"

def expect(what, got, wanted) = (raise "#{what}: #{got.inspect} instead of #{wanted.inspect}" unless got == wanted)

databases = 4.times.map do
  Sequel.connect(adapter: "postgres", host: ENV["PGHOST"], port: ENV["PGPORT"].to_i, database: "app", user: "app",
                 max_connections: 1, notice_receiver: proc {})
end
databases[0].create_table!(:sequel_things) { primary_key :id; Integer :number }
databases.each_with_index do |database, index|
  things = database[:sequel_things]
  things.where(number: :$n).prepare(:select, :by_number)
  things.prepare(:insert, :add, number: :$n)
  10.times { |number| database.call(:add, n: index * 100 + number) }
end
databases.each_with_index do |database, index|
  10.times { |number| expect("found", database.call(:by_number, n: index * 100 + number).length, 1) }
  # Another text under a name: the old one is given up first.
  database[:sequel_things].where(number: :$n).select(:number).prepare(:first, :by_number)
  expect("again", database.call(:by_number, n: index * 100), { number: index * 100 })
  database.transaction(isolation: :serializable) { expect("count", database[:sequel_things].count, 40) }
  expect("isolation", database.get(Sequel.lit("current_setting('transaction_isolation')")), "read committed")
end
rows = 0
databases[0][:sequel_things].order(:number).use_cursor(rows_per_fetch: 7, hold: true).each do
  rows += 1
  databases[1..].each { _1.get(1) }
end
expect("rows", rows, 40)
databases[0].with_advisory_lock(4) { expect("lock", databases[1].get(Sequel.lit("pg_try_advisory_xact_lock(4)")), false) } if databases[0].respond_to?(:with_advisory_lock)
databases[0].drop_table(:sequel_things)
