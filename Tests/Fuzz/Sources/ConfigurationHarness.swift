@testable import PoolerConfig

/// Files that people write.
struct ConfigurationHarness {
    /// What comes behind a zero byte is the content of every other file that is named.
    static func ini(_ input: [UInt8]) {
        let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let others = parts.count > 1 ? Array(parts[1]) : []
        do {
            var configuration = try Configuration.load(path: "main.ini") { path throws(FileError) in
                if path == "missing" { throw FileError(path: path, reason: "none") }
                return path == "main.ini" ? Array(parts[0]) : others
            }
            for definition in SettingDefinition.all {
                guard let text = definition.text(in: configuration.settings), !definition.isSecret else { continue }
                // What is printed can be read again.
                if definition.isChangeable { try? configuration.set(definition.name, to: text) }
            }
            _ = ConfigurationChange(from: Configuration(), to: configuration)
            for database in configuration.allDatabases {
                _ = configuration.poolSettings(database: database, user: "bob")
                _ = configuration.authQuery(forDatabase: database.name)
            }
        } catch {
            guard !error.description.isEmpty else { fatalError("an error without a word") }
        }
    }

    static func hba(_ input: [UInt8]) {
        var maps = IdentMaps()
        maps.maps["m"] = []
        let file = HBAFile(input, path: "hba", maps: maps) { path throws(FileError) in
            if path == "missing" { throw FileError(path: path, reason: "none") }
            return input
        }
        var configuration = Configuration()
        configuration.settings.authType = .hba
        configuration.hbaRules = file.rules
        for peer in [HBARequest.Peer.unix, .tcp(.v4(0x7f00_0001), tls: true), .tcp(.v6(1), tls: false)] {
            let rule = configuration.loginRule(for: HBARequest(peer: peer, database: "app", user: "bob"))
            guard rule.method == .none || rule.location != nil else { fatalError("a rule from nowhere") }
        }
        let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).count
        guard file.rules.rules.count <= lines else { fatalError("more rules than lines") }
    }

    static func ident(_ input: [UInt8]) {
        let maps = IdentFile(input, path: "ident").maps
        for name in maps.maps.keys { _ = maps.allows(systemUser: "root", as: "bob", by: name) }
    }

    static func users(_ input: [UInt8]) {
        for (name, secret) in AuthFile(input, path: "users").secrets {
            guard !name.utf8.contains(0), !secret.utf8.contains(0) else { fatalError("a zero byte in a record") }
        }
    }
}
