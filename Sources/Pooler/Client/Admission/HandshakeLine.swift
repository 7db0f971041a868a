/// Decides whose TLS handshake goes on: so many at a time, first come, first served.
///
/// OpenSSL takes some 45 kB for a handshake that waits for the client's word. A client in line costs no more than its
/// ClientHello, and one that falls silent in the middle has to go when others wait, the oldest first.
struct HandshakeLine {
    /// Handshakes at a time, on each worker: 12 MB.
    static let limit = 256
    /// How long a client may let us wait while others are in line.
    static let patience: Duration = .seconds(2)

    private var underWay: [(client: Token, since: Instant)] = []
    private var waiting: [Token] = []

    init() {}

    var isEmpty: Bool { underWay.isEmpty && waiting.isEmpty }

    var isFull: Bool { underWay.count >= Self.limit }

    /// A whole ClientHello has come: true when its handshake may begin.
    mutating func arrived(_ client: Token, now: Instant) -> Bool {
        guard waiting.isEmpty, !isFull else {
            waiting.append(client)
            return false
        }
        underWay.append((client, now))
        return true
    }

    /// Forgets those whose handshake is over, and those in line who are gone.
    mutating func sweep(isUnderWay: (Token) -> Bool, isWaiting: (Token) -> Bool) {
        underWay.removeAll { !isUnderWay($0.client) }
        waiting.removeAll { !isWaiting($0) }
    }

    /// Those who have to make room: no more than there are others to take it.
    func overdue(now: Instant) -> [Token] {
        let room = Self.limit - underWay.count
        return underWay.filter { now - $0.since > Self.patience }.prefix(max(0, waiting.count - room)).map(\.client)
    }

    /// Those in line who may begin now.
    mutating func admitted(now: Instant) -> [Token] {
        let admitted = Array(waiting.prefix(Self.limit - underWay.count))
        waiting.removeFirst(admitted.count)
        underWay += admitted.map { ($0, now) }
        return admitted
    }
}
