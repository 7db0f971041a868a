import Testing

@testable import PoolerConfig

@Suite("The table of settings")
struct SettingTableTests {
    static let rows = PackageFiles.rows("settings.tsv")
    static let own = [
        "worker_threads", "session_state", "max_pinned", "max_server_logins", "max_logging_in", "auth_failure_limit",
        "auth_query_cache_ttl", "password_command", "password_command_ttl", "auth_jwt_keys", "auth_jwt_user_claim",
        "auth_jwt_issuer", "auth_jwt_audience", "metrics_listen", "log_format",
    ]

    @Test func `SHOW CONFIG lists PgBouncer's hundred settings in its order, then ours`() {
        #expect(Self.rows.count == 100)
        #expect(SettingDefinition.all.map(\.name) == Self.rows.map { $0["name"] ?? "" } + Self.own)
    }

    @Test func `No setting is defined twice or forgotten in the order`() {
        let names = SettingDefinition.topics.flatMap { $0.definitions.map(\.name) }
        #expect(Set(names).count == names.count)
        #expect(Set(names) == Set(SettingDefinition.all.map(\.name)))
    }

    @Test(arguments: rows)
    func `Default, changeability and overrides are PgBouncer's`(row: [String: String]) throws {
        let definition = try #require(SettingDefinition.named(row["name"] ?? ""))
        let expected: String? =
            switch row["default"] {
            case "NULL": nil
            case "(empty)": ""
            case let text: text
            }
        #expect(definition.defaultText == expected)
        #expect(definition.isChangeable == (row["changeable"] == "yes"))
        #expect(definition.overrides.contains(.database) == (row["per_database"]?.hasPrefix("y") == true))
        #expect(definition.overrides.contains(.user) == (row["per_user"]?.hasPrefix("y") == true))
        #expect(definition.since != nil)
    }

    @Test(arguments: rows)
    func `The type is PgBouncer's`(row: [String: String]) throws {
        let definition = try #require(SettingDefinition.named(row["name"] ?? ""))
        let type = row["type"] ?? ""
        switch definition.kind {
        case .integer: #expect(type.hasPrefix("int") || type == "uint")
        case .boolean: #expect(type.hasPrefix("bool-int"))
        case .time: #expect(type.hasPrefix("time"))
        case .choice: #expect(type.hasPrefix("enum") || definition.name == "syslog_facility")
        case .words: #expect(type.contains("word list") || definition.name == "listen_addr")
        case .path: #expect(type.contains("path") || type.contains("directory"))
        case .hostAndPort: Issue.record("PgBouncer has none")
        case .text: #expect(type.hasPrefix("string"))
        }
    }

    @Test(arguments: SettingDefinition.all.map(\.name))
    func `The text of the default parses to the default, and prints as SHOW CONFIG does`(name: String) throws {
        let definition = try #require(SettingDefinition.named(name))
        let defaults = Settings()
        guard let text = definition.defaultText else {
            #expect(definition.print(defaults) == (name == "verbose" ? "0" : nil))
            return
        }
        var settings = Settings()
        try definition.parse(text, &settings)
        #expect(definition.isSame(settings, defaults))
        #expect(definition.print(defaults) == (name == "unix_socket_mode" ? "511" : text))
    }

    @Test(arguments: SettingDefinition.all.map(\.name))
    func `A wrong value names file, line, key and expectation`(name: String) throws {
        let definition = try #require(SettingDefinition.named(name))
        let wrong: String
        switch definition.kind {
        case .integer: wrong = "12ab"
        case .boolean: wrong = "maybe"
        case .time: wrong = "-1"
        case .choice: wrong = "sesion"
        case .words, .text, .path: wrong = "a\0b"
        case .hostAndPort: wrong = "localhost"
        }
        let text = try #require(problem("[pgbouncer]\n\n\(name) = \(wrong)\n"))
        #expect(text.hasPrefix("main.ini:3: \(name): found "))
        #expect(text.contains(", expected "))
        #expect(!text.contains("\n"))
        if !text.contains("not text") { #expect(text.contains("\"\(wrong)\"")) }
    }

    @Test(arguments: variable.map(\.name))
    func `Each setting has its own property`(name: String) throws {
        let definition = try #require(SettingDefinition.named(name))
        var settings = Settings()
        try definition.parse(Self.otherValue(of: definition), &settings)
        #expect(!definition.isSame(settings, Settings()))
        for other in SettingDefinition.all where other.name != name {
            #expect(other.isSame(settings, Settings()), "\(name) changes \(other.name)")
        }
        var copied = Settings()
        definition.copy(settings, &copied)
        #expect(copied == settings)
    }

    @Test func `What may hold a secret is hidden`() throws {
        let configuration = try load(
            """
            [pgbouncer]
            auth_ldap_options = ldapserver=x ldapbasedn=dc=x ldapbindpasswd=hush
            password_command = say hush
            """)
        for definition in SettingDefinition.all {
            #expect(definition.text(in: configuration.settings)?.contains("hush") != true)
        }
        #expect(SettingDefinition.named("auth_ldap_options")?.text(in: configuration.settings) == "(hidden)")
        #expect(SettingDefinition.named("auth_ldap_options")?.text(in: Settings()) == nil)
    }

    /// The settings that can have another value than their default: as long as there is no TLS towards clients, its
    /// mode cannot.
    static let variable = SettingDefinition.all.filter { $0.name != "client_tls_sslmode" }

    /// A value that is not the default.
    static func otherValue(of definition: SettingDefinition) -> String {
        switch definition.kind {
        case .integer: definition.defaultText == "7" ? "8" : "7"
        case .boolean: definition.defaultText == "1" ? "0" : "1"
        case .time: "77"
        case .choice(let words):
            words.first { word in
                var settings = Settings()
                return word != definition.defaultText && (try? definition.parse(word, &settings)) != nil
            } ?? ""
        case .words, .path: "other"
        case .text where definition.name.hasSuffix("_tls_protocols"): "tlsv1.3"
        case .text where definition.name == "auth_ldap_options": "ldapserver=other"
        case .text: "other"
        case .hostAndPort: "127.0.0.1:9127"
        }
    }
}
