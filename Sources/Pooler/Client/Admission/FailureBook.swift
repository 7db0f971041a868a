import PoolerConfig
import Synchronization

/// Which addresses have failed to log in too often lately (auth_failure_limit): shared by all workers, asked at a login.
final class FailureBook: Sendable {
    private let record = Mutex(FailureRecord())

    init() {}

    /// A login from an address failed. True when that was the one too many.
    func failed(_ address: IPAddress, limit: Int, now: Instant) -> Bool {
        record.withLock { $0.failed(address, limit: limit, now: now) }
    }

    /// How long a login from an address has to wait before its password is looked at; zero for nearly all.
    func delay(_ address: IPAddress, limit: Int, now: Instant) -> Duration {
        record.withLock { $0.delay(address, limit: limit, now: now) }
    }

    /// Whether nothing is held against anybody.
    var isEmpty: Bool { record.withLock { $0.count == 0 } }
}

/// Decides who has to wait. After too many failures within a minute, the logins of an address get a turn each, spaced so that
/// there are no more of them in a minute than failures are allowed, however many come at once.
///
/// IPv6 addresses count by their network of 64 bits, which is what one host is given.
struct FailureRecord: Sendable {
    private struct Entry {
        var count = 0
        /// When the first of them came.
        let since: Instant
        /// When the last turn that was given out is.
        var lastTurn: Instant
    }

    static let window: Duration = .seconds(60)
    /// Addresses that are remembered: about a megabyte.
    static let capacity = 16_384

    private var entries: [IPAddress: Entry] = [:]

    init() {}

    var count: Int { entries.count }

    /// A login failed. True when from now on the others wait.
    mutating func failed(_ address: IPAddress, limit: Int, now: Instant) -> Bool {
        guard limit > 0 else { return false }
        let network = address.network
        if entries[network] == nil { makeRoom(limit: limit, now: now) }
        var entry = entries[network] ?? Entry(since: now, lastTurn: now)
        if now - entry.since >= Self.window { entry = Entry(since: now, lastTurn: now) }
        entry.count += 1
        entries[network] = entry
        return entry.count == limit
    }

    /// A password has come.
    mutating func delay(_ address: IPAddress, limit: Int, now: Instant) -> Duration {
        guard limit > 0, !entries.isEmpty else { return .zero }
        let network = address.network
        guard var entry = entries[network] else { return .zero }
        guard now - entry.since < Self.window else {
            entries[network] = nil
            return .zero
        }
        guard entry.count >= limit else { return .zero }
        let turn = max(entry.lastTurn, now) + Self.window / limit
        entry.lastTurn = turn
        entries[network] = entry
        return entry.lastTurn - now
    }

    /// Many addresses fail: those with the least against them are forgotten, of equals those that were longest ago. A quarter at
    /// a time, so that whoever sends from many addresses does not have the whole book looked through for each.
    private mutating func makeRoom(limit: Int, now: Instant) {
        guard entries.count >= Self.capacity else { return }
        entries = entries.filter { now - $0.value.since < Self.window }
        guard entries.count >= Self.capacity else { return }
        // Beyond the limit it is the same how far.
        let weights = entries.map { (address: $0.key, count: min($0.value.count, limit), last: $0.value.lastTurn) }
        let order = weights.sorted { ($0.count, $0.last) < ($1.count, $1.last) }
        for entry in order.prefix(Self.capacity / 4) { entries[entry.address] = nil }
    }
}

extension IPAddress {
    /// What counts as one address: of IPv6, what one host is given.
    var network: IPAddress {
        switch self {
        case .v4: self
        case .v6(let bits): .v6((bits >> 64) << 64)
        }
    }
}
