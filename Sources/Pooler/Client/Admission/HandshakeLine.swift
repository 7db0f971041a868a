import PoolerConfig

/// Decides whose TLS handshake goes on: so many at a time, and addresses take turns.
///
/// OpenSSL takes some 45 kB for a handshake that waits for the client's word. A client in line costs no more than its
/// ClientHello, and one that falls silent in the middle has to go when others wait: first those of the address that has the most
/// under way, the oldest first.
struct HandshakeLine {
    /// Handshakes at a time, on each worker: 12 MB.
    static let limit = 256
    /// How long a client may let us wait while others are in line.
    static let patience: Duration = .seconds(2)

    private struct Member {
        let client: Token
        /// Its address, or its network.
        let origin: IPAddress?
        /// When its handshake began; in line, when it came.
        let since: Instant
    }

    private var underWay: [Member] = []
    private var waiting: [Member] = []

    init() {}

    var isEmpty: Bool { underWay.isEmpty && waiting.isEmpty }

    var isFull: Bool { underWay.count >= Self.limit }

    /// A whole ClientHello has come: true when its handshake may begin.
    mutating func arrived(_ client: Token, from origin: IPAddress?, now: Instant) -> Bool {
        let member = Member(client: client, origin: origin, since: now)
        guard waiting.isEmpty, !isFull else {
            waiting.append(member)
            return false
        }
        underWay.append(member)
        return true
    }

    /// Forgets those whose handshake is over, and those in line who are gone.
    mutating func sweep(isUnderWay: (Token) -> Bool, isWaiting: (Token) -> Bool) {
        underWay.removeAll { !isUnderWay($0.client) }
        waiting.removeAll { !isWaiting($0.client) }
    }

    /// Those who have to make room: no more than there are others to take it.
    func overdue(now: Instant) -> [Token] {
        let needed = waiting.count - (Self.limit - underWay.count)
        guard needed > 0 else { return [] }
        var shares = sharesUnderWay
        // Each goes by how many its address has left when those before it are gone.
        let silent = underWay.filter { now - $0.since > Self.patience }.map { member in
            defer { shares[member.origin, default: 1] -= 1 }
            return (member.client, share: shares[member.origin, default: 1])
        }
        return Self.sorted(silent) { $0.share > $1.share }.prefix(needed).map(\.0)
    }

    /// Those in line who may begin now: each time the first of the address that has the fewest under way.
    mutating func admitted(now: Instant) -> [Token] {
        let room = Self.limit - underWay.count
        guard room > 0, !waiting.isEmpty else { return [] }
        var shares = sharesUnderWay
        let ranked = waiting.map { member in
            defer { shares[member.origin, default: 0] += 1 }
            return (member, share: shares[member.origin, default: 0])
        }
        let chosen = Self.sorted(ranked) { $0.share < $1.share }.prefix(room).map(\.0)
        let clients = Set(chosen.map(\.client))
        waiting.removeAll { clients.contains($0.client) }
        underWay += chosen.map { Member(client: $0.client, origin: $0.origin, since: now) }
        return chosen.map(\.client)
    }

    private var sharesUnderWay: [IPAddress?: Int] {
        underWay.reduce(into: [:]) { $0[$1.origin, default: 0] += 1 }
    }

    /// Equals stay in their order, which `sort` does not promise.
    private static func sorted<Element>(
        _ elements: [Element], by isBefore: (Element, Element) -> Bool
    ) -> [Element] {
        elements.enumerated().sorted { left, right in
            if isBefore(left.element, right.element) { return true }
            return !isBefore(right.element, left.element) && left.offset < right.offset
        }.map(\.element)
    }
}
