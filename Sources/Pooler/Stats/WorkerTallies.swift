/// What a worker counts besides what belongs to a pool. None of it is touched for a query.
struct WorkerTallies: Sendable {
    /// Clients that were disconnected, by `CloseReason.label`.
    var clientCloses = Tally()
    /// Server connections that were closed, by what the log gives as the reason.
    var serverCloses = Tally()
    /// Server connections that did not come about.
    var serverLoginFailures = Tally()
    /// Errors of our own that clients were sent, by SQLSTATE.
    var errors = Tally()
    /// Errors of Postgres that clients were sent, by SQLSTATE.
    var serverErrors = Tally()

    /// Adds another worker's.
    static func += (total: inout Self, part: Self) {
        total.clientCloses += part.clientCloses
        total.serverCloses += part.serverCloses
        total.serverLoginFailures += part.serverLoginFailures
        total.errors += part.errors
        total.serverErrors += part.serverErrors
    }
}

/// Counts by a word. What the words are may be up to a server (its SQLSTATEs), so there are at most so many.
struct Tally: Sendable {
    /// Words beyond this many are counted as `other`.
    static let limit = 128

    private(set) var counts: [String: UInt64] = [:]

    /// Counts one.
    mutating func add(_ word: String, _ count: UInt64 = 1) {
        if let known = counts.index(forKey: word) {
            counts.values[known] &+= count
        } else {
            counts[counts.count < Self.limit ? word : "other", default: 0] &+= count
        }
    }

    /// Adds another tally.
    static func += (total: inout Self, part: Self) {
        for (word, count) in part.counts { total.add(word, count) }
    }

    /// By word.
    var sorted: [(word: String, count: UInt64)] {
        counts.map { ($0.key, $0.value) }.sorted { $0.0.precedes($1.0) }
    }

    /// A sentence as one word: small letters, digits and underscores.
    static func word(of text: String) -> String {
        var word: [UInt8] = []
        for byte in text.utf8.prefix(64) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): word.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(byte | 0x20)
            default: if word.last != UInt8(ascii: "_"), !word.isEmpty { word.append(UInt8(ascii: "_")) }
            }
        }
        if word.last == UInt8(ascii: "_") { word.removeLast() }
        return word.isEmpty ? "other" : String(decoding: word, as: UTF8.self)
    }

    /// An SQLSTATE as it is; `other` for what is none.
    static func sqlState(_ text: String) -> String {
        let isCode =
            text.utf8.count == 5
            && text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
        return isCode ? text : "other"
    }
}
