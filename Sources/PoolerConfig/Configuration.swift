/// All that the configuration files say, as one immutable value: read whole or not at all, handed to every worker.
public struct Configuration: Sendable, Equatable {
    /// The [pgbouncer] section.
    public var settings = Settings()
    /// The entries of [databases], by name, without the fallback.
    public var databases: [String: Database] = [:]
    /// The `*` entry of [databases].
    public var fallbackDatabase: Database?
    /// The entries of [users], by name.
    public var users: [String: User] = [:]
    /// The entries of [peers], by number.
    public var peers: [Int: Peer] = [:]
    /// The records of `auth_file`: each user's secret as written; "" is none, which never authenticates.
    public var secrets: [String: String] = [:]
    /// The rules of `auth_hba_file`; read only for `auth_type = hba`.
    public var hbaRules = HBARules()
    /// The maps of `auth_ident_file`; read only for `auth_type = hba`.
    public var identMaps = IdentMaps()
    /// The bytes of `auth_jwt_keys`; nil where it is not set or cannot be read.
    public var tokenKeys: [UInt8]?
    /// What was odd in the files, for the log.
    public var warnings: [Diagnostic] = []
    /// Files of users, rules and maps that could not be read. At the start that is a warning, after which nobody gets in by
    /// them; a RELOAD fails, since what is in force is better.
    public var unreadableFiles: [ConfigurationError] = []
    /// Lines of `auth_hba_file` without which it would let in whom it was to keep out: it is not used, at no time.
    public var brokenRules: [ConfigurationError] = []

    /// Where each setting was given last.
    var settingLocations: [String: SourceLocation] = [:]

    /// Every setting at its default, no database, no user.
    public init() {}

    /// The entry called `name`, or an automatic one made from `*`; nil if there is neither, and for the console.
    public func database(named name: String) -> Database? {
        if let database = databases[name] { return database }
        guard !Database.isReserved(name), !name.isEmpty, name.utf8.count <= EntryName.longestDatabase else {
            return nil
        }
        return fallbackDatabase?.automatic(named: name)
    }

    /// Every entry of [databases], and the fallback.
    public var allDatabases: [Database] { Array(databases.values) + (fallbackDatabase.map { [$0] } ?? []) }

    /// The same, with the TLS settings of another one.
    public func withTLSSettings(of other: Settings) -> Configuration {
        var result = self
        for definition in SettingDefinition.all where definition.isAboutTLS {
            definition.copy(other, &result.settings)
        }
        return result
    }

    /// Changes one setting, as the console's SET does: the parser is the file's.
    public mutating func set(_ key: String, to value: String) throws(SettingError) {
        guard let definition = SettingDefinition.named(key) else { throw .unknown(key) }
        guard definition.isChangeable else { throw .notChangeable(key) }
        do {
            try definition.parse(value, &settings)
        } catch {
            throw .badValue(key, found: error.found, expected: error.expected)
        }
    }
}

extension Configuration: CustomStringConvertible {
    /// How much there is of everything: the values may hold secrets, so interpolation must not print them.
    public var description: String {
        "configuration of \(databases.count) databases, \(users.count) users and \(secrets.count) secrets"
    }
}
