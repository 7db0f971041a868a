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
                found: "a file that cannot be read (\(error))", expected: "a readable file",
                pgbouncerLines: ["could not load file \"\(path)\": \(error.reason)"]
                    + (location.map { ["error processing include file in configuration (\($0)), stopping loading"] }
                        ?? []))
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
                        "files included too deeply", "at most \(Self.deepestInclude) levels",
                        inPgBouncersWords: ["include nesting level too deep (\(location)), stopping loading"])
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
                expected: "a section [pgbouncer]",
                pgbouncerLines: ["load_init_file: main section missing from config file"])
        }
    }

    private mutating func open(_ name: String, at location: SourceLocation) throws(ConfigurationError) {
        guard let section = Section(rawValue: name) else {
            throw At(location).error(
                "unknown section \(Phrase.quoted(name))", "[pgbouncer], [pgvalet], [databases], [users] or [peers]",
                inPgBouncersWords: ["invalid section \(Phrase.quoted(name)) in configuration (\(location))"])
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
        case nil:
            throw At(location, key).error(
                "a key before the first section", "a section such as [pgbouncer]",
                because: "load_init_file: value without section: \(key)")
        }
    }
}

// MARK: - The sections

extension ConfigurationLoader {
    private mutating func readSetting(
        _ key: String, _ value: String, at location: SourceLocation
    ) throws(ConfigurationError) {
        guard let definition = SettingDefinition.named(key) else {
            let names = SettingDefinition.all.map(\.name)
            throw At(location, key).error(
                "unknown parameter: pgbouncer/\(key)",
                Phrase.nearest(to: key, in: names).map { "a setting, perhaps \($0)" } ?? "a setting",
                because: "unknown parameter: pgbouncer/\(key)")
        }
        let place = At(location, key, value: definition.isSecret ? nil : value)
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
        let place = At(location, "databases/\(name)", parameter: name)
        if Database.isReserved(name) {
            let text = "database name \"\(name)\" is reserved"
            throw place.error(text, "another name, this one is the console's", because: text)
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
        let place = At(location, "users/\(name)", parameter: name)
        try check(name, EntryName.longestUser, place)
        var user = User(name: name)
        try apply(UserKey.all, value, to: &user, place, unknown: "user")
        noteRepetition("users/\(name)", "users/\(name)", at: location)
        configuration.users[name] = user
    }

    private mutating func readPeer(
        _ name: String, _ value: String, at location: SourceLocation
    ) throws(ConfigurationError) {
        let place = At(location, "peers/\(name)", parameter: name)
        guard let id = Number.decimalInteger(name), (1...65535).contains(id) else {
            throw place.error(
                "peer \(Phrase.quoted(name))", "a number from 1 to 65535",
                because: "ids of peers must be a number larger than 0 and at most 65536")
        }
        var peer = Peer(id: id, hosts: [])
        try apply(PeerKey.all, value, to: &peer, place)
        guard !peer.hosts.isEmpty else {
            let text = "host was not provided for peer \(id)"
            throw place.error(text, "host=...", because: text)
        }
        noteRepetition("peers/\(id)", "peers/\(id)", at: location)
        configuration.peers[id] = peer
    }

    /// Reads a connect string into `owner`.
    private mutating func apply<Owner>(
        _ keys: [ConnectKey<Owner>], _ text: String, to owner: inout Owner, _ place: At, unknown: String = "connection"
    ) throws(ConfigurationError) {
        let syntaxError = "syntax error in \(unknown == "user" ? "user settings" : "connection string")"
        let string = try place.run(because: syntaxError) { () throws(ValueError) in try ConnectString(text) }
        var given: Set<String> = []
        var previous: String?
        for pair in string.pairs {
            guard let key = keys.first(where: { $0.name == pair.key }) else {
                // What looks like a key after a password may be the rest of it.
                let followsSecret = previous?.hasPrefix("password") == true
                let name = followsSecret ? "after \(previous ?? ""), which needs quotes if it has blanks" : pair.key
                let text = "unrecognized \(unknown) parameter: \(name)"
                throw place.error(
                    text,
                    Phrase.nearest(to: pair.key, in: keys.map(\.name)).map { "perhaps \($0)" }
                        ?? Phrase.alternatives(keys.map(\.name)), because: text)
            }
            previous = key.name
            let complaint = Self.complaint(about: key.name, pair.value)
            try place.key(key.name).run(because: complaint) { () throws(ValueError) in
                try key.parse(pair.value, &owner)
            }
            if !given.insert(key.canonicalName).inserted {
                warn(place.location, "\(place.name): \(key.name) is given twice in this line; the last one counts")
            }
        }
    }

    /// What PgBouncer says of a wrong value in a connect string, where it says anything.
    private static func complaint(about key: String, _ value: String) -> String? {
        switch key {
        case "port": "invalid port: \(value)"
        case "pool_mode": "invalid pool mode: \(value)"
        case "load_balance_hosts": "invalid load_balance_hosts: \(value)"
        default: nil
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
    /// What PgBouncer calls it: the setting, or the entry.
    let parameter: String?
    /// All of what is there, where it may be repeated: a connect string may hold a password.
    let value: String?

    init(_ location: SourceLocation, _ key: String? = nil, parameter: String? = nil, value: String? = nil) {
        self.location = location
        self.key = key
        self.parameter = parameter ?? key
        self.value = value
    }

    var name: String { key ?? "" }

    func key(_ name: String) -> At {
        At(location, key.map { "\($0)/\(name)" } ?? name, parameter: parameter, value: value)
    }

    /// - Parameters:
    ///   - complaint: what PgBouncer says of it before it names the place.
    ///   - lines: what PgBouncer says of it, if that is not that the value is invalid.
    func error(
        _ found: String, _ expected: String, because complaint: String? = nil, inPgBouncersWords lines: [String]? = nil
    ) -> ConfigurationError {
        ConfigurationError(
            file: location.file, line: location.line, key: key, found: found, expected: expected,
            pgbouncerLines: lines ?? ([complaint].compactMap { $0 } + [verdict]))
    }

    func run<Value>(
        because complaint: String? = nil, _ body: () throws(ValueError) -> Value
    ) throws(ConfigurationError) -> Value {
        do {
            return try body()
        } catch {
            throw self.error(error.found, error.expected, because: complaint)
        }
    }

    private var verdict: String {
        guard let parameter else { return "syntax error in configuration (\(location)), stopping loading" }
        let value = value.map { Phrase.quoted($0) } ?? "\"...\""
        return "invalid value \(value) for parameter \(parameter) in configuration (\(location))"
    }
}
