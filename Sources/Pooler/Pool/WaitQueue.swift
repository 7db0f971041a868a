import DequeModule

/// Clients that wait for a server, first come first served. Leaving from the middle is cheap: tickets only grow, so a binary
/// search finds the place, which is then skipped when its turn comes. Places of those who left never outnumber the others by
/// much, however long the first one waits.
struct WaitQueue {
    /// A place in the queue.
    struct Ticket: Hashable, Comparable, Sendable {
        fileprivate let number: UInt64

        static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
    }

    struct Waiter: Equatable {
        let ticket: Ticket
        let client: Token
        let since: Instant
    }

    private struct Place {
        let waiter: Waiter
        var hasLeft = false
    }

    /// Empty places that are not worth a clean-up.
    private static let keptGaps = 32

    private var places = Deque<Place>()
    private var nextNumber: UInt64 = 0
    /// How many wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    /// Places kept, those of clients that left among them.
    var placeCount: Int { places.count }

    /// Whoever waits longest. Places of those who left are never at the front.
    var first: Waiter? { places.first?.waiter }

    /// Everybody who waits, longest first.
    var waiters: some Sequence<Waiter> { places.lazy.filter { !$0.hasLeft }.map(\.waiter) }

    mutating func join(_ client: Token, since: Instant) -> Ticket {
        let ticket = Ticket(number: nextNumber)
        nextNumber += 1
        places.append(Place(waiter: Waiter(ticket: ticket, client: client, since: since)))
        count += 1
        return ticket
    }

    /// Gives a place up; false when it was not held any more.
    @discardableResult
    mutating func leave(_ ticket: Ticket) -> Bool {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].waiter.ticket < ticket { low = middle + 1 } else { high = middle }
        }
        guard low < places.count, places[low].waiter.ticket == ticket, !places[low].hasLeft else { return false }
        places[low].hasLeft = true
        count -= 1
        dropEmptyFront()
        if places.count > 2 * count + Self.keptGaps { places.removeAll(where: \.hasLeft) }
        return true
    }

    mutating func popFirst() -> Waiter? {
        guard let place = places.popFirst() else { return nil }
        count -= 1
        dropEmptyFront()
        return place.waiter
    }

    private mutating func dropEmptyFront() {
        while let place = places.first, place.hasLeft { places.removeFirst() }
    }
}
