import PoolerConfig

// Between records and the values that they stand for.

extension CredentialRecord {
    init(_ credential: Credential) {
        self.init()
        switch credential.secret {
        case .none: kind = .none
        case .plain(let text): (kind, self.text) = (.plain, text)
        case .md5(let text): (kind, self.text) = (.md5, text)
        case .scram(let secret):
            kind = .scram
            (iterations, salt) = (secret.iterations, secret.salt)
            (storedKey, serverKey) = (secret.storedKey.bytes, secret.serverKey.bytes)
        }
        provenKeys = credential.scramKeys.map { [$0.clientKey.bytes, $0.serverKey.bytes] } ?? []
    }

    /// Nil when it cannot be one.
    var credential: Credential? {
        let secret: Secret
        switch kind {
        case .none: secret = .none
        case .plain: secret = .plain(text)
        case .md5: secret = .md5(text)
        case .scram:
            guard let stored = SHA256Value(storedKey), let server = SHA256Value(serverKey) else { return nil }
            secret = .scram(
                SCRAMSecret(iterations: iterations, salt: salt, storedKey: stored, serverKey: server))
        }
        guard provenKeys.count == 2 else { return Credential(secret: secret) }
        guard let client = SHA256Value(provenKeys[0]), let server = SHA256Value(provenKeys[1]) else { return nil }
        return Credential(secret: secret, scramKeys: SCRAMKeys(clientKey: client, serverKey: server))
    }
}

extension SettingsRecord {
    init(_ settings: SessionSettings) {
        self.settings = settings.settings.map { Setting(name: $0.name, value: $0.value) }
        isVerified = settings.isVerified
    }

    var values: [SessionSetting] { settings.map { SessionSetting(name: $0.name, value: $0.value) } }
}

extension ClientSessionRecord {
    init(_ session: ClientSession) {
        settings = session.settings.map { SettingsRecord($0) }
        initial = session.initial.map { SettingsRecord($0) }
        pinnedSince = session.pinnedSince
        holdsPin = session.holdsPin
        isPinInQuestion = session.isPinInQuestion
        isResetting = session.isResetting
        lost = session.lost.rawValue
        wasNotified = session.wasNotified
    }
}

extension ServerSessionRecord {
    init(_ session: ServerSession) {
        let books = session.books
        touched = books.touched.rawValue
        holds = session.holds.rawValue
        settings = session.settings.map { SettingsRecord($0) }
        baseline = session.baseline.map { SettingsRecord($0) }
        names = books.names
        needsReset = books.needsReset
        preparedEffects = EffectsRecord(books.prepared)
        mayHaveUnreadStatements = books.mayHaveUnreadStatements
        hadTemporary = books.hadTemporary
        baselineCounts = session.baselineCounts.numbers
    }

    var books: ServerSession.Books {
        ServerSession.Books(
            touched: .init(rawValue: touched), names: names, needsReset: needsReset, prepared: preparedEffects.effects,
            mayHaveUnreadStatements: mayHaveUnreadStatements, hadTemporary: hadTemporary)
    }
}

extension EffectsRecord {
    init(_ effects: SessionEffects) {
        (touches, makes, ends) = (effects.touches.rawValue, effects.makes.rawValue, effects.ends.rawValue)
        (names, executes) = (effects.names, effects.executes)
        (resets, namesStatements) = (effects.resets, effects.namesStatements)
    }

    var effects: SessionEffects {
        SessionEffects(
            touches: .init(rawValue: touches), makes: .init(rawValue: makes), ends: .init(rawValue: ends), names: names,
            executes: executes, resets: resets, namesStatements: namesStatements)
    }
}

extension WorkerTallies {
    private static let paths: [WritableKeyPath<Self, Tally> & Sendable] = [
        \.clientCloses, \.serverCloses, \.serverLoginFailures, \.errors,
    ]

    var records: [TallyRecord] {
        Self.paths.map { path in
            let sorted = self[keyPath: path].sorted
            return TallyRecord(words: sorted.map(\.word), counts: sorted.map(\.count))
        }
    }

    /// Adds what another process has counted.
    mutating func add(_ records: [TallyRecord]) {
        for (path, record) in zip(Self.paths, records) {
            for (word, count) in zip(record.words, record.counts) { self[keyPath: path].add(word, count) }
        }
    }
}

extension DatabaseDurations.Values {
    var numbers: [[UInt64]] { [wait.numbers, transaction.numbers, login.numbers] }

    init?(numbers: [[UInt64]]) {
        guard numbers.count == 3 else { return nil }
        self.init(
            wait: DurationHistogram(numbers: numbers[0]), transaction: DurationHistogram(numbers: numbers[1]),
            login: DurationHistogram(numbers: numbers[2]))
    }
}

extension SnapshotRecord {
    init(_ snapshot: StatHistory.Snapshot) {
        nanoseconds = snapshot.time.wholeNanoseconds
        pools = snapshot.counters.map { id, counters in
            Pool(database: id.database, user: id.user, counters: CountersRecord(values: counters.numbers))
        }
    }

    var snapshot: StatHistory.Snapshot {
        let counters = pools.map {
            (PoolReport.ID(database: $0.database, user: $0.user), StatCounters(numbers: $0.counters.values))
        }
        return StatHistory.Snapshot(
            time: .nanoseconds(nanoseconds), counters: Dictionary(counters) { first, _ in first })
    }
}

extension Worker {
    /// What servers of a database are connected to, as one text.
    func target(of database: Database) -> String {
        let settings = configuration.settings
        let parts: [String] =
            [database.dbname, database.hosts.joined(separator: ","), "\(database.port)", database.user ?? "-"]
            + [database.connectQuery ?? "-", database.hosts.isEmpty ? settings.unixSocketDir : "-"]
            + ["\(settings.serverTlsSslmode)", "\(database.sslNegotiation)"]
            + database.startupParameters.map { "\($0.name)=\($0.value)" }
        return parts.joined(separator: "\u{1}")
    }
}
