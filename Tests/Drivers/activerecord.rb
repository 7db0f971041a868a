# ActiveRecord: its cache of prepared statements with DEALLOCATE, migrations under an advisory lock, and DDL under a statement.
require "active_record"
require "logger"

def expect(what, got, wanted) = (raise "#{what}: #{got.inspect} instead of #{wanted.inspect}" unless got == wanted)

settings = { adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"], database: "app", username: "app" }
ActiveRecord::Base.establish_connection(**settings, pool: 6, statement_limit: 5, schema_search_path: "public",
                                        variables: { statement_timeout: "7s" })
ActiveRecord::Migration.verbose = false

class CreateRailsThings < ActiveRecord::Migration[6.1]
  def change = create_table(:rails_things) { |table| table.string :name }
end

class RailsThing < ActiveRecord::Base; end

ActiveRecord::Base.connection.execute("drop table if exists rails_things, schema_migrations, ar_internal_metadata")
migrations = [ActiveRecord::MigrationProxy.new("CreateRailsThings", 1, "", "")]
migrations[0].define_singleton_method(:migration) { CreateRailsThings.new("CreateRailsThings", 1) }
2.times { ActiveRecord::Migrator.new(:up, migrations, ActiveRecord::SchemaMigration).migrate }

threads = 5.times.map do |index|
  Thread.new do
    ActiveRecord::Base.connection_pool.with_connection do
      20.times do |number|
        thing = RailsThing.create!(name: "#{index} #{number}")
        expect("found", RailsThing.find(thing.id).name, thing.name)
        # More statements than the cache holds, also inside of transactions.
        RailsThing.transaction { expect("counted", RailsThing.where(name: thing.name).limit(1 + number % 9).count, 1) }
        expect("selected", RailsThing.select("#{number} as n").find(thing.id).n, number)
        begin
          RailsThing.connection.select_value(RailsThing.sanitize_sql(["select 1 / ?", 0]))
          raise "no error"
        rescue ActiveRecord::StatementInvalid
          nil
        end
      end
      expect("own", ActiveRecord::Base.connection.select_value("show statement_timeout"), "7s")
    end
  end
end
threads.each(&:join)
expect("all", RailsThing.count, 100)
RailsThing.first
ActiveRecord::Base.connection.add_column(:rails_things, :age, :integer, default: 3)
# In a transaction the error comes through, once.
expired = 0
10.times do
  RailsThing.transaction { RailsThing.find(RailsThing.first.id) }
rescue ActiveRecord::PreparedStatementCacheExpired
  expired += 1
end
expect("retries", expired <= 6, true)
RailsThing.reset_column_information
expect("age", RailsThing.first.age, 3)
expect("batches", RailsThing.find_each(batch_size: 30).count, 100)
expect("lock", ActiveRecord::Base.connection.get_advisory_lock(77), true)
expect("unlock", ActiveRecord::Base.connection.release_advisory_lock(77), true)
ActiveRecord::Base.connection.execute("drop table rails_things, schema_migrations, ar_internal_metadata")
