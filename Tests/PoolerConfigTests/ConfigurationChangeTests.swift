import Testing

@testable import PoolerConfig

@Suite("RELOAD and SET")
struct ConfigurationChangeTests {
    private func change(_ old: String, _ new: String) throws -> ConfigurationChange {
        ConfigurationChange(from: try load(old), to: try load(new))
    }

    @Test func `A setting that needs a restart keeps its value and says so`() throws {
        let change = try change("[pgbouncer]\nlisten_port = 1", "[pgbouncer]\nlisten_port = 2\ndefault_pool_size = 3")
        #expect(change.configuration.settings.listenPort == 1)
        #expect(change.configuration.settings.defaultPoolSize == 3)
        #expect(change.changedSettings == ["default_pool_size"])
        #expect(change.warnings.map(\.description) == ["main.ini:2: listen_port stays \"1\": \"2\" needs a restart"])
    }

    @Test(arguments: SettingDefinition.all.filter { !$0.isChangeable }.map(\.name))
    func `Every start-only setting is kept on RELOAD and refused by SET`(name: String) throws {
        let definition = try #require(SettingDefinition.named(name))
        let value = SettingTableTests.otherValue(of: definition)
        let change = try change("[pgbouncer]", "[pgbouncer]\n\(name) = \(value)")
        #expect(definition.isSame(change.configuration.settings, Settings()))
        #expect(change.warnings.count == 1)
        var configuration = Configuration()
        #expect(throws: SettingError.notChangeable(name)) { try configuration.set(name, to: value) }
        #expect(configuration == Configuration())
    }

    @Test(arguments: SettingTableTests.variable.filter(\.isChangeable).map(\.name))
    func `Every other setting changes by RELOAD and SET, and goes back to its default`(name: String) throws {
        let definition = try #require(SettingDefinition.named(name))
        let value = SettingTableTests.otherValue(of: definition)
        let text = "[pgbouncer]\n\(name) = \(value)"
        let there = try change("[pgbouncer]", text)
        #expect(there.changedSettings == [name])
        #expect(!definition.isSame(there.configuration.settings, Settings()))
        let back = try change(text, "[pgbouncer]")
        #expect(back.changedSettings == [name])
        var configuration = Configuration()
        try configuration.set(name, to: value)
        #expect(!definition.isSame(configuration.settings, Settings()))
    }

    @Test func `SET refuses what the file refuses`() throws {
        var configuration = Configuration()
        #expect(throws: SettingError.unknown("pool_mod")) { try configuration.set("pool_mod", to: "session") }
        #expect(
            throws: SettingError.badValue(
                "pool_mode", found: "\"x\"", expected: "session, transaction or statement")
        ) { try configuration.set("pool_mode", to: "x") }
        #expect(throws: SettingError.self) { try configuration.set("auth_type", to: "kerberos") }
        #expect(throws: SettingError.self) { try configuration.set("server_lifetime", to: "0x") }
    }

    @Test func `Databases are added, removed, changed live, or need new server connections`() throws {
        let old = try load("[pgbouncer]\n[databases]\na = host=x\nb = host=x\nc = host=x\nd = host=x")
        let new = try load(
            "[pgbouncer]\n[databases]\na = host=x\nb = host=x pool_size=1 password=p\nc = host=y\ne = host=x")
        let change = ConfigurationChange(from: old, to: new)
        #expect(change.addedDatabases == ["e"])
        #expect(change.removedDatabases == ["d"])
        #expect(change.reconnectedDatabases == ["c"])
        func fate(_ name: String) throws -> ConfigurationChange.DatabaseFate {
            change.fate(of: try #require(old.databases[name]))
        }
        #expect(try fate("a") == .unchanged)
        #expect(try fate("b") == .updated(#require(new.databases["b"])))
        #expect(try fate("c") == .reconnected(#require(new.databases["c"])))
        #expect(try fate("d") == .removed)
    }

    @Test func `Automatic databases follow the fallback`() throws {
        let old = try load("[pgbouncer]\n[databases]\n* = host=x")
        let automatic = try #require(old.database(named: "q"))
        func fate(_ text: String) throws -> ConfigurationChange.DatabaseFate {
            ConfigurationChange(from: old, to: try load("[pgbouncer]\n[databases]\n\(text)")).fate(of: automatic)
        }
        #expect(try fate("* = host=x") == .unchanged)
        #expect(try fate("") == .removed)
        if case .reconnected(let database) = try fate("* = host=y") {
            #expect(database.isAutomatic)
        } else {
            Issue.record("the servers are still those of the old host")
        }
        if case .updated(let database) = try fate("q = host=x") {
            #expect(!database.isAutomatic)
        } else {
            Issue.record("the entry has not taken the place of the automatic database")
        }
    }

    @Test(arguments: [
        ("user=a", ""), ("user=a", "user=b"), ("dbname=z", ""), ("port=1", "port=2"), ("connect_query=a", ""),
        ("auth_dbname=a", ""), ("auth_query=a", ""), ("load_balance_hosts=disable", ""), ("host=a,b", "host=b,a"),
    ])
    func `These keys are part of the connection, also when they go`(old: String, new: String) throws {
        #expect(
            try change("[pgbouncer]\n[databases]\na=\(old)", "[pgbouncer]\n[databases]\na=\(new)").reconnectedDatabases
                == ["a"])
    }

    @Test func `Secrets that changed or went are named`() throws {
        let old = try load("[pgbouncer]\nauth_file = f", ["f": "\"a\" \"1\"\n\"b\" \"1\"\n\"c\" \"1\""])
        let new = try load("[pgbouncer]\nauth_file = f", ["f": "\"a\" \"1\"\n\"b\" \"2\"\n\"d\" \"1\""])
        #expect(ConfigurationChange(from: old, to: new).changedSecrets == ["b", "c"])
    }

    @Test func `Peers that changed or went are named`() throws {
        let change = try change(
            "[pgbouncer]\n[peers]\n1 = host=a\n2 = host=b\n3 = host=c",
            "[pgbouncer]\n[peers]\n1 = host=a\n2 = host=x\n4 = host=d")
        #expect(change.changedPeers == [2, 3])
    }
}
