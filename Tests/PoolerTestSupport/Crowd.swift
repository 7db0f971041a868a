import CPQ
import Glibc

/// Very many libpq clients on one thread, each with a line of questions whose answers it knows.
public final class Crowd {
    /// A question and the value that must come back; nil when the client has asked enough.
    public typealias Script = (_ client: Int, _ round: Int) -> (sql: String, answer: String)?

    private enum Life {
        /// Connecting; then asking.
        case opening(Opening)
        /// Waiting for the answer to its question of this round; then the next, or gone.
        case asking(Connection, round: Int, answer: String)
        /// Left; the end.
        case gone
    }

    private var lives: [Life] = []
    private let script: Script
    /// How many answers were right.
    public private(set) var rightAnswers = 0
    /// What went wrong, up to the first hundred.
    public private(set) var troubles: [String] = []

    /// Makes all of them, at once.
    public init(_ count: Int, on pooler: Pooler, _ script: @escaping Script) throws {
        self.script = script
        raiseDescriptorLimit()
        lives = try (0..<count).map { _ in .opening(try pooler.open()) }
    }

    /// Runs until every client is done, within a limit.
    public func run(within limit: Duration) throws {
        let deadline = Deadline(limit)
        while true {
            var (entries, clients): ([pollfd], [Int]) = ([], [])
            for (client, life) in lives.enumerated() {
                guard let wish = wish(life) else { continue }
                entries.append(pollfd(fd: wish.descriptor, events: Int16(wish.events), revents: 0))
                clients.append(client)
            }
            if entries.isEmpty { return }
            try checked("poll") { unsafe poll(&entries, nfds_t(entries.count), deadline.milliseconds) }
            if deadline.isOver { throw SystemError("\(entries.count) clients are not done within \(limit)") }
            for (entry, client) in zip(entries, clients) where entry.revents != 0 { advance(client) }
        }
    }

    private func wish(_ life: Life) -> (descriptor: Int32, events: Int32)? {
        switch life {
        case .opening(let opening): (opening.descriptor, opening.events)
        case .asking(let connection, _, _): (connection.descriptor, POLLIN)
        case .gone: nil
        }
    }

    private func advance(_ client: Int) {
        do {
            switch lives[client] {
            case .opening(let opening):
                if try opening.step() { try ask(client, Connection(opening), round: 0) }
            case .asking(let connection, let round, let answer):
                guard connection.isAnswered else { return }
                let value = try connection.lastResult().value
                if value == answer {
                    rightAnswers += 1
                } else {
                    complain(client, "\(value ?? "nil") instead of \(answer)")
                }
                try ask(client, connection, round: round + 1)
            case .gone: break
            }
        } catch {
            complain(client, "\(error)")
            lives[client] = .gone
        }
    }

    private func ask(_ client: Int, _ connection: Connection, round: Int) throws {
        guard let question = script(client, round) else {
            lives[client] = .gone
            return
        }
        try connection.send(question.sql)
        lives[client] = .asking(connection, round: round, answer: question.answer)
    }

    private func complain(_ client: Int, _ what: String) {
        if troubles.count < 100 { troubles.append("client \(client): \(what)") }
    }
}

/// Lets this process, and what it starts, have as many files open as it may.
func raiseDescriptorLimit() {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
