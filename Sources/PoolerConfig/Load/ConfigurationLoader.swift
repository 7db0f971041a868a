/// Goes through the lines of an ini file and of those that it includes, and builds up a configuration.
struct ConfigurationLoader {
    private(set) var configuration = Configuration()
    /// The section that is open; it stays open across the borders of included files.
    private var section: Section?
    private var hasMainSection = false
    /// Where each key or entry was given last, by `section/key`.
    private var seen: [String: SourceLocation] = [:]

    /// How deep %include goes.
    static let deepestInclude = 10

    enum Section: String {
        case pgbouncer, pgvalet, databases, users, peers
    }

    init(path: String) {
        configuration.settings.conffile = path
    }

    /// Reads a file; `location` is where it is included, nil for the main one.
    mutating func read(
        _ path: String, includedAt location: SourceLocation?, depth: Int,
        readFile: (String) throws(FileError) -> [UInt8]
    ) throws(ConfigurationError) {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path)
        } catch {
            throw ConfigurationError(
                file: location?.file ?? path, line: location?.line, key: location.map { _ in "%include" },
                found: "a file that cannot be read (\(error))", expected: "a readable file")
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let location = SourceLocation(file: path, line: index + 1)
            switch try At(location).run({ () throws(ValueError) in try IniLine(line) }) {
            case .blank: break
            case .section(let name): try open(name, at: location)
            case .entry(let key, let value): try read(key, value, at: location)
            case .include(let included):
                guard depth < Self.deepestInclude else {
                    throw At(location, "%include").error(
                        "files included too deeply", "at most \(Self.deepestInclude) levels")
                }
                try read(included, includedAt: location, depth: depth + 1, readFile: readFile)
            }
        }
    }

    /// What can be judged only when everything has been read.
    mutating func finish(_ path: String) throws(ConfigurationError) {
        guard hasMainSection else {
            throw ConfigurationError(
                file: path, line: nil, key: nil, found: "main section missing from config file",
                expected: "a section [pgbouncer]")
        }
        let defaults = Settings()
        for definition in SettingDefinition.all where !definition.isImplemented {
            guard let location = configuration.settingLocations[definition.name],
                !definition.isSame(configuration.settings, defaults)
            else { continue }
            warn(location, "\(definition.name) is not implemented yet and has no effect")
        }
    }

    private mutating func open(_ name: String, at location: SourceLocation) throws(ConfigurationError) {
        guard let section = Section(rawValue: name) else {
            throw At(location).error(
                "unknown section \(Phrase.quoted(name))", "[pgbouncer], [pgvalet], [databases], [users] or [peers]")
        }
        self.section = section
        switch section {
        case .pgbouncer, .pgvalet: hasMainSection = true
        case .databases, .users, .peers: break
        }
    }

    private mutating func read(
        _ key: String, _ value: [UInt8], at location: SourceLocation
    ) throws(ConfigurationError) {
        let text = try At(location, key).run { () throws(ValueError) in try IniLine.text(value) }
        switch section {
        case .pgbouncer, .pgvalet: try readSetting(key, text, at: location)
        case .databases: try readDatabase(key, text, at: location)
        case .users: try readUser(key, text, at: location)
        case .peers: try readPeer(key, text, at: location)
        case nil: throw At(location, key).error("a key before the first section", "a section such as [pgbouncer]")
        }
    }
}

// MARK: - The sections

extension ConfigurationLoader {
    private mutating func readSetting(
        _ key: String, _ value: String, at location: SourceLocation
    ) throws(ConfigurationError) {
        let place = At(location, key)
        guard let definition = SettingDefinition.named(key) else {
            let names = SettingDefinition.all.map(\.name)
            throw place.error(
                "unknown parameter: pgbouncer/\(key)",
                Phrase.nearest(to: key, in: names).map { "a setting, perhaps \($0)" } ?? "a setting")
        }
        noteRepetition("pgbouncer/\(key)", key, at: location)
        let text = definition.kind.allowsInlineComment ? IniLine.withoutComment(value) : value
        var settings = configuration.settings
        try place.run { () throws(ValueError) in try definition.parse(text, &settings) }
        configuration.settings = settings
        configuration.settingLocations[key] = location
    }

    private mutating func readDatabase(
        _ name: String, _ value: String, at location: SourceLocation
    ) throws(ConfigurationError) {
        let place = At(location, "databases/\(name)")
        if Database.isReserved(name) {
            throw place.error("database name \"\(name)\" is reserved", "another name, this one is the console's")
        }
        try check(name, EntryName.longestDatabase, place)
        var database = Database(name: name)
        try apply(DatabaseKey.all, value, to: &database, place)
        noteRepetition("databases/\(name)", "databases/\(name)", at: location)
        if name == Database.fallbackName {
            configuration.fallbackDatabase = database
        } else {
            configuration.databases[name] = database
        }
    }

    private mutating func readUser(
        _ name: String, _ value: String, at location: SourceLocation
    ) throws(ConfigurationError) {
        let place = At(location, "users/\(name)")
        try check(name, EntryName.longestUser, place)
        var user = User(name: name)
        try apply(UserKey.all, value, to: &user, place, unknown: "user")
        noteRepetition("users/\(name)", "users/\(name)", at: location)
        configuration.users[name] = user
    }

    private mutating func readPeer(
        _ name: String, _ value: String, at location: SourceLocation
    ) throws(ConfigurationError) {
        let place = At(location, "peers/\(name)")
        guard let id = Number.decimalInteger(name), (1...65535).contains(id) else {
            throw place.error("peer \(Phrase.quoted(name))", "a number from 1 to 65535")
        }
        var peer = Peer(id: id, hosts: [])
        try apply(PeerKey.all, value, to: &peer, place)
        guard !peer.hosts.isEmpty else { throw place.error("host was not provided for peer \(id)", "host=...") }
        noteRepetition("peers/\(id)", "peers/\(id)", at: location)
        configuration.peers[id] = peer
    }

    /// Reads a connect string into `owner`.
    private mutating func apply<Owner>(
        _ keys: [ConnectKey<Owner>], _ text: String, to owner: inout Owner, _ place: At, unknown: String = "connection"
    ) throws(ConfigurationError) {
        let string = try place.run { () throws(ValueError) in try ConnectString(text) }
        var given: Set<String> = []
        var previous: String?
        for pair in string.pairs {
            guard let key = keys.first(where: { $0.name == pair.key }) else {
                // What looks like a key after a password may be the rest of it.
                let followsSecret = previous?.hasPrefix("password") == true
                let name = followsSecret ? "after \(previous ?? ""), which needs quotes if it has blanks" : pair.key
                throw place.error(
                    "unrecognized \(unknown) parameter: \(name)",
                    Phrase.nearest(to: pair.key, in: keys.map(\.name)).map { "perhaps \($0)" }
                        ?? Phrase.alternatives(keys.map(\.name)))
            }
            previous = key.name
            try place.key(key.name).run { () throws(ValueError) in try key.parse(pair.value, &owner) }
            if !given.insert(key.canonicalName).inserted {
                warn(place.location, "\(place.name): \(key.name) is given twice in this line; the last one counts")
            }
            if !key.isImplemented {
                warn(place.location, "\(place.name): \(key.name) is not implemented yet and has no effect")
            }
        }
    }

    private func check(_ name: String, _ longest: Int, _ place: At) throws(ConfigurationError) {
        guard name.utf8.count <= longest else {
            throw place.error("a name of \(name.utf8.count) bytes", "at most \(longest)")
        }
        try place.run { () throws(ValueError) in try EntryName.check(name) }
    }

    private mutating func noteRepetition(_ id: String, _ name: String, at location: SourceLocation) {
        if let earlier = seen.updateValue(location, forKey: id) {
            warn(location, "\(name) is given again (first at \(earlier)); this one counts")
        }
    }

    private mutating func warn(_ location: SourceLocation, _ text: String) {
        configuration.warnings.append(Diagnostic(location: location, text: text))
    }
}

/// A place in a file, which turns what is wrong with a value into an error about that place.
private struct At {
    let location: SourceLocation
    let key: String?

    init(_ location: SourceLocation, _ key: String? = nil) {
        self.location = location
        self.key = key
    }

    var name: String { key ?? "" }

    func key(_ name: String) -> At {
        At(location, key.map { "\($0)/\(name)" } ?? name)
    }

    func error(_ found: String, _ expected: String) -> ConfigurationError {
        ConfigurationError(file: location.file, line: location.line, key: key, found: found, expected: expected)
    }

    func run<Value>(_ body: () throws(ValueError) -> Value) throws(ConfigurationError) -> Value {
        do {
            return try body()
        } catch {
            throw self.error(error.found, error.expected)
        }
    }
}
