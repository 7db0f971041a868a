/// What a RELOAD changes: the configuration that holds from now on, and what follows for databases and people.
public struct ConfigurationChange: Sendable {
    /// The new configuration, with the old values of settings that only a restart changes.
    public let configuration: Configuration
    /// Databases that were not there.
    public let addedDatabases: [String]
    /// Databases that are gone: their clients are told "database removed".
    public let removedDatabases: [String]
    /// Databases whose server connections have to be closed when they are free.
    public let reconnectedDatabases: [String]
    /// Settings with a new value.
    public let changedSettings: [String]
    /// Users whose secret is another one now, or none: nothing that was derived from the old one may be used.
    public let changedSecrets: [String]
    /// Peers that are gone or elsewhere.
    public let changedPeers: [Int]
    /// Settings that only a restart changes and that differ.
    public let warnings: [Diagnostic]

    /// What becomes of a database and its pools.
    public enum DatabaseFate: Sendable, Equatable {
        /// It stays as it is.
        case unchanged
        /// It stays, with other limits or for new connections only.
        case updated(Database)
        /// It stays, and its server connections have to be closed when they are free.
        case reconnected(Database)
        /// It is gone.
        case removed
    }

    /// The step from `old` to `new`.
    public init(from old: Configuration, to new: Configuration) {
        var result = new
        var warnings: [Diagnostic] = []
        var changed: [String] = []
        for definition in SettingDefinition.all where !definition.isSame(old.settings, new.settings) {
            guard !definition.isChangeable else {
                changed.append(definition.name)
                continue
            }
            definition.copy(old.settings, &result.settings)
            let kept = Self.value(definition, old.settings)
            let wanted = Self.value(definition, new.settings)
            warnings.append(
                Diagnostic(
                    location: new.settingLocations[definition.name],
                    text: "\(definition.name) stays \(kept): \(wanted) needs a restart"))
        }
        let names = Set(old.databases.keys)
        self.configuration = result
        self.changedSettings = changed
        self.warnings = warnings
        self.addedDatabases = new.databases.keys.filter { !names.contains($0) }.sorted()
        self.removedDatabases = names.filter { new.databases[$0] == nil }.sorted()
        self.reconnectedDatabases = old.databases.values.filter { database in
            new.databases[database.name].map { $0.differsInConnection(from: database) } ?? false
        }.map(\.name).sorted()
        self.changedSecrets = old.secrets.filter { name, secret in
            !(new.secrets[name].map { $0.hasSameBytes(as: secret) } ?? false)
        }.map(\.key).sorted()
        self.changedPeers = old.peers.values.filter { new.peers[$0.id] != $0 }.map(\.id).sorted()
    }

    /// What becomes of `database`, which may be an automatic one.
    public func fate(of database: Database) -> DatabaseFate {
        guard let new = configuration.database(named: database.name) else { return .removed }
        if new == database { return .unchanged }
        return new.differsInConnection(from: database) ? .reconnected(new) : .updated(new)
    }

    private static func value(_ definition: SettingDefinition, _ settings: Settings) -> String {
        definition.text(in: settings).map { Phrase.quoted($0) } ?? "unset"
    }
}
