/// How many clients a turn of the loop takes in from a listener: one where nobody waited in the turn before, and the more the longer
/// the line lasts.
///
/// To ask for a client who is not there costs a socket that the kernel makes first, and a line that is not taken in soon overflows
/// the backlog, for which clients wait a second.
struct AcceptPace {
    /// So that a storm of new clients leaves time for those who are in.
    static let most = 8

    private var lastTurn: UInt64 = 0
    private var limit = 1

    init() {}

    /// A listener is readable in this turn; turns are counted.
    mutating func limit(inTurn turn: UInt64) -> Int {
        limit = turn <= lastTurn + 1 ? min(Self.most, limit * 2) : 1
        lastTurn = turn
        return limit
    }
}
