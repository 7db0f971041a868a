/// Which passwords of `password_command` are at hand, which are being fetched and who waits for them: the machine behind
/// `PasswordCommands`. One run at most is under way for each request, however many logins wait for it.
struct PasswordBook<Waiter> {
    /// What a login gets that wants a password.
    enum Answer {
        /// This one; with `refresh`, a run has to be started for the next ones.
        case known(IssuedPassword, refresh: Bool)
        /// The last run failed, and it is too early for another.
        case failed(String)
        /// It will be told; with `start`, a run has to be started.
        case wait(start: Bool)
    }

    /// How a run ended: the password and how long it is good, or what went wrong, and how long that is believed.
    enum Outcome {
        case password(Secret, lifetime: Duration)
        case failure(String, retry: Duration)
    }

    /// How a waiter is told of it.
    enum Delivery {
        case password(IssuedPassword)
        case failure(String)
    }

    private struct Kept {
        let password: IssuedPassword
        let expires: Instant
        /// When a new one is fetched ahead of that.
        let refresh: Instant
    }

    private struct Entry {
        var kept: Kept?
        var failure: (text: String, until: Instant)?
        var isRunning = false
        var waiters: [Waiter] = []

        func password(at now: Instant) -> Kept? {
            guard let kept, kept.expires > now else { return nil }
            return kept
        }

        func isFailing(at now: Instant) -> Bool { failure.map { $0.until > now } ?? false }
    }

    /// A password is renewed when a fifth of its life is left, and not earlier than this before its end.
    static var earliestRefresh: Duration { .seconds(60) }

    /// With a fallback database, clients choose names, so there is an end to how many are remembered.
    private static var entryLimit: Int { 4096 }

    private var entries: [PasswordRequest: Entry] = [:]
    private var lastSerial: UInt64 = 0

    init() {}

    /// How many requests are remembered.
    var count: Int { entries.count }

    /// A login needs a password.
    mutating func wanted(_ request: PasswordRequest, by waiter: Waiter, now: Instant) -> Answer {
        makeRoom(for: request, now: now)
        var entry = entries[request] ?? Entry()
        defer { entries[request] = entry }
        if let kept = entry.password(at: now) {
            let isDue = now >= kept.refresh && !entry.isRunning && !entry.isFailing(at: now)
            if isDue { entry.isRunning = true }
            return .known(kept.password, refresh: isDue)
        }
        entry.kept = nil
        if !entry.isRunning, let failure = entry.failure, failure.until > now { return .failed(failure.text) }
        entry.waiters.append(waiter)
        defer { entry.isRunning = true }
        return .wait(start: !entry.isRunning)
    }

    /// Time has passed and the request's pool is in use: whether a run has to be started ahead of the end of its password.
    mutating func refreshIsDue(_ request: PasswordRequest, now: Instant) -> Bool {
        guard var entry = entries[request], let kept = entry.kept, now >= kept.refresh, !entry.isRunning,
            !entry.isFailing(at: now)
        else { return false }
        entry.isRunning = true
        entries[request] = entry
        return true
    }

    /// A run has ended: who waited for it, and what they are told.
    mutating func runEnded(_ request: PasswordRequest, _ outcome: Outcome, now: Instant) -> ([Waiter], Delivery) {
        var entry = entries[request] ?? Entry()
        let waiters = entry.waiters
        entry.waiters = []
        entry.isRunning = false
        defer { entries[request] = entry }
        switch outcome {
        case .password(let secret, let lifetime):
            lastSerial += 1
            let password = IssuedPassword(secret: secret, serial: lastSerial)
            // What is not kept is not renewed either: the program would run on and on.
            entry.kept =
                lifetime > .zero
                ? Kept(
                    password: password, expires: now + lifetime,
                    refresh: now + (lifetime - min(lifetime / 5, Self.earliestRefresh))) : nil
            entry.failure = nil
            return (waiters, .password(password))
        case .failure(let text, let retry):
            entry.failure = (text, now + retry)
            return (waiters, .failure(text))
        }
    }

    /// A server has refused a password: it is given to nobody any more, and a new one may be fetched at once.
    mutating func refused(_ request: PasswordRequest, serial: UInt64) {
        guard entries[request]?.kept?.password.serial == serial else { return }
        entries[request]?.kept = nil
        entries[request]?.failure = nil
    }

    /// RELOAD: what failed may be tried again at once.
    mutating func forgetFailures() {
        for request in entries.keys { entries[request]?.failure = nil }
    }

    /// Drops what serves nobody when the table is full, and what could be had again if that is not enough.
    private mutating func makeRoom(for request: PasswordRequest, now: Instant) {
        guard entries.count >= Self.entryLimit, entries[request] == nil else { return }
        entries = entries.filter { $0.value.isRunning || $0.value.password(at: now) != nil }
        if entries.count >= Self.entryLimit { entries = entries.filter(\.value.isRunning) }
    }
}
