import Synchronization

/// How many clients may log in at the same time (max_logging_in), over all workers: the others wait in line. Asked at a login, and
/// never for a query.
final class LoginGate: Sendable {
    /// A client that wants to log in.
    struct Applicant: Hashable, Sendable {
        let worker: Int
        let client: Token
    }

    private let line = Mutex(LoginLine<Applicant>())

    init() {}

    /// A client wants to begin: true when it may at once, false when it will be told.
    func enter(_ applicant: Applicant, user: String, limit: Int) -> Bool {
        line.withLock { $0.arrived(applicant, user: user, limit: limit) }
    }

    /// A login is over: who may begin instead.
    func leave(limit: Int) -> [Applicant] {
        line.withLock { $0.left(limit: limit) }
    }

    /// A client that waits goes away; false when it has been told by now that it may begin.
    func giveUp(_ applicant: Applicant, user: String) -> Bool {
        line.withLock { $0.gaveUp(applicant, user: user) }
    }

    /// Whether anybody waits.
    var isAnyoneWaiting: Bool { line.withLock { $0.waitingCount > 0 } }
}

/// Decides who may begin to log in: so many at a time, and then one of each user in turn, so that a crowd of one user does not
/// keep the others out.
struct LoginLine<Applicant: Hashable & Sendable>: Sendable {
    /// Those of one user, longest first.
    private struct UserLine {
        /// Some may have gone since.
        var applicants: [Applicant] = []
        /// How many at the front are done with.
        var passed = 0
        /// How many are still there.
        var present = 0
    }

    private var lines: [String: UserLine] = [:]
    /// Users with somebody in line, whose turn is next first.
    private var turns: [String] = []
    /// How many of those at the front have had their turn.
    private var turnsPassed = 0
    private var waiting: Set<Applicant> = []
    /// Logins in progress.
    private(set) var inProgress = 0

    init() {}

    var waitingCount: Int { waiting.count }

    /// Somebody wants to begin: true when there is a place.
    mutating func arrived(_ applicant: Applicant, user: String, limit: Int) -> Bool {
        if inProgress < limit, waiting.isEmpty {
            inProgress += 1
            return true
        }
        waiting.insert(applicant)
        if lines[user] == nil { turns.append(user) }
        lines[user, default: UserLine()].applicants.append(applicant)
        lines[user]?.present += 1
        return false
    }

    /// A login is over. Those who may begin now: one, or more after the limit was raised.
    mutating func left(limit: Int) -> [Applicant] {
        inProgress -= 1
        var admitted: [Applicant] = []
        while inProgress < limit, let next = next() {
            inProgress += 1
            admitted.append(next)
        }
        return admitted
    }

    /// Somebody in line goes away; false when it is not in line any more.
    mutating func gaveUp(_ applicant: Applicant, user: String) -> Bool {
        guard waiting.remove(applicant) != nil else { return false }
        guard var line = lines[user] else { return true }
        line.present -= 1
        // Those who went are dropped where they stand, before they are more than those who stayed.
        if line.applicants.count - line.passed > 2 * line.present + 16 {
            line.applicants = line.applicants[line.passed...].filter(waiting.contains)
            line.passed = 0
        }
        lines[user] = line
        dropEmptyLines()
        return true
    }

    /// Likewise users of whom nobody is left: strangers choose names.
    private mutating func dropEmptyLines() {
        guard turns.count - turnsPassed > 2 * waiting.count + 64 else { return }
        turns = turns[turnsPassed...].filter { (lines[$0]?.present ?? 0) > 0 }
        turnsPassed = 0
        lines = lines.filter { $0.value.present > 0 }
    }

    private mutating func next() -> Applicant? {
        while turnsPassed < turns.count {
            let user = turns[turnsPassed]
            turnsPassed += 1
            if turnsPassed > 64, turnsPassed * 2 > turns.count {
                turns.removeFirst(turnsPassed)
                turnsPassed = 0
            }
            guard let applicant = first(of: user) else { continue }
            return applicant
        }
        turns.removeAll()
        turnsPassed = 0
        return nil
    }

    /// The first of a user who is still there; the user's next turn comes after everybody else's.
    private mutating func first(of user: String) -> Applicant? {
        guard var line = lines[user] else { return nil }
        while line.passed < line.applicants.count {
            let applicant = line.applicants[line.passed]
            line.passed += 1
            guard waiting.remove(applicant) != nil else { continue }
            line.present -= 1
            if line.present == 0 {
                lines[user] = nil
            } else {
                lines[user] = line
                turns.append(user)
            }
            return applicant
        }
        lines[user] = nil
        return nil
    }
}
