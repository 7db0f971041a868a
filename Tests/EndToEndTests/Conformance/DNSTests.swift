import PoolerTestSupport
import Testing

/// Servers by name: how long answers count, and what becomes of connections when the answers change.
@Suite(.pgvaletOnly) struct DNSTests {
    private static func makePooler(
        _ names: NameServer, host: String = "db.zone.test", resolvConf: String = "", _ settings: [String: String] = [:]
    ) throws -> Pooler {
        var all = PoolerSettings()
        all.main["resolv_conf"] = "$directory/resolv.conf"
        all.main["pool_mode"] = "transaction"
        all.main.merge(settings) { $1 }
        all.files["resolv.conf"] = names.line + resolvConf + "options timeout:1 attempts:2\n"
        all.databases = ["app": "host=\(host) port=\(Postgres.shared.port)"]
        return try Pooler(all)
    }

    @Test func `resolv_conf names the servers that are asked, and SHOW lists names and zones`() throws {
        let names = try NameServer()
        names.set("db.zone.test", ["127.0.0.1"])
        let pooler = try Self.makePooler(names)
        #expect(try pooler.connect().query("select 1").value == "1")
        #expect(names.questions(for: "db.zone.test") == 1)
        let hosts = try pooler.console("SHOW DNS_HOSTS").rows
        #expect(hosts.count == 1 && hosts[0][0] == "db.zone.test" && hosts[0][2] == "127.0.0.1:0")
        #expect((Int(hosts[0][1] ?? "") ?? -1) >= 0)
        #expect(try pooler.console("SHOW DNS_ZONES").rows == [["zone.test", "0", "1"]])
        let lists = try pooler.console("SHOW LISTS").rows
        #expect(lists.contains(["dns_names", "1"]) && lists.contains(["dns_zones", "1"]))
    }

    @Test func `names without a dot are searched for, and /etc/hosts goes before`() throws {
        let names = try NameServer()
        names.set("db.zone.test", ["127.0.0.1"])
        let pooler = try Self.makePooler(names, host: "db", resolvConf: "search other.test zone.test\n")
        #expect(try pooler.connect().query("select 1").value == "1")
        let local = try Self.makePooler(names, host: "localhost")
        #expect(try local.connect().query("select 1").value == "1")
        #expect(names.questions(for: "localhost") == 0)
    }

    @Test func `an answer counts for dns_max_ttl`() throws {
        let names = try NameServer()
        names.set("db.zone.test", ["127.0.0.1"])
        // Every connection serves one transaction, so that each needs the address.
        let kept = try Self.makePooler(names, ["dns_max_ttl": "600", "server_lifetime": "0"])
        let client = try kept.connect()
        let servers = try Set((0..<5).map { _ in try client.serverPID() })
        #expect(servers.count == 5)
        #expect(names.questions(for: "db.zone.test") == 1)
        let forgotten = try Self.makePooler(names, ["dns_max_ttl": "0.1", "server_lifetime": "0"])
        let other = try forgotten.connect()
        try eventually {
            try other.query("select 1")
            return names.questions(for: "db.zone.test") >= 4
        }
    }

    @Test func `a failure counts for dns_nxdomain_ttl`() throws {
        let names = try NameServer()
        let settings = ["server_login_retry": "0.1", "client_login_timeout": "600"]
        let kept = try Self.makePooler(names, settings.merging(["dns_nxdomain_ttl": "600"]) { $1 })
        let waiting = Background { try kept.connect().query("select 1").value }
        func failures(_ pooler: Pooler) -> Int { pooler.log.ranges(of: "server DNS lookup failed").count }
        try eventually { failures(kept) >= 3 }
        #expect(names.questions(for: "db.zone.test") == 1)
        kept.signal(9)
        _ = try? waiting.value()
        let forgotten = try Self.makePooler(names, settings.merging(["dns_nxdomain_ttl": "0.1"]) { $1 })
        let served = Background { try forgotten.connect().query("select 1").value }
        try eventually { failures(forgotten) >= 2 }
        names.set("db.zone.test", ["127.0.0.1"])
        #expect(try served.value() == "1")
    }

    @Test func `a zone whose serial grows has its hosts looked up, and connections to lost addresses are replaced`()
        throws
    {
        let names = try NameServer()
        names.set("db.zone.test", ["127.0.0.1"])
        names.set(zone: "zone.test", serial: 4_294_967_295)
        let pooler = try Self.makePooler(names, ["dns_zone_check_period": "0.1", "dns_max_ttl": "600"])
        let (busy, idle) = (try pooler.connect(), try pooler.connect())
        try busy.query("begin")
        try idle.query("select 1")
        try eventually { try pooler.console("SHOW DNS_ZONES").rows == [["zone.test", "4294967295", "1"]] }
        names.set("db.zone.test", ["127.0.0.2"])
        #expect(try pooler.console("SHOW SERVERS").records.allSatisfy { $0["close_needed"] == "0" })
        #expect(names.questions(for: "db.zone.test") == 1)
        // Serials wrap.
        names.set(zone: "zone.test", serial: 3)
        try eventually { try pooler.console("SHOW DNS_HOSTS").rows.first?[2] == "127.0.0.2:0" }
        try eventually { try pooler.console("SHOW SERVERS").records.map { $0["close_needed"] } == ["1"] }
        #expect(try pooler.console("SHOW DNS_ZONES").rows == [["zone.test", "3", "1"]])
        try busy.query("commit")
        try eventually { try pooler.console("SHOW SERVERS").rows.isEmpty }
    }

    @Test func `a resolv_conf that cannot be read ends the start`() throws {
        let error = #expect(throws: SystemError.self) { try Pooler(["resolv_conf": "/nonexistent/resolv.conf"]) }
        #expect(error?.description.contains("resolv_conf: cannot read /nonexistent/resolv.conf") == true)
    }
}
