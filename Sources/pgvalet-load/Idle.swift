import ArgumentParser
import Foundation

/// Many clients that do nothing, held for as long as somebody wants to measure.
struct Idle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens clients and holds them until standard input ends.",
        discussion: """
            Prints `ready N` once all of them are in. With --query, a line on standard input then has all of them run it at \
            once, and `answered N` tells when each has its answer.
            """)

    @Option(help: "How many clients.")
    var clients = 1000

    @Option(help: "The query.")
    var query: String?

    @Option(help: "How many of them connect at a time.")
    var together = 100

    @Option(help: "Give up after so many seconds.")
    var patience = 120

    @Argument(help: "libpq's conninfo of what to connect to.")
    var conninfo: String

    func validate() throws {
        guard clients > 0, together > 0, patience > 0 else { throw ValidationError("numbers are at least 1") }
    }

    func run() throws {
        raiseDescriptorLimit()
        let deadline = ContinuousClock.now + .seconds(patience)
        var held: [LoadClient] = []
        while held.count < clients {
            let group = (0..<min(together, clients - held.count)).map { _ in LoadClient(conninfo: conninfo, query: nil)
            }
            try settle(group, before: deadline)
            held += group
        }
        try say("ready \(held.count)")
        if let query, readLine() != nil {
            for client in held { client.ask(query) }
            try settle(held, before: deadline)
            try say("answered \(held.count)")
        }
        while readLine() != nil {}
        withExtendedLifetime(held) {}
    }

    /// Drives clients until each has what it wants.
    private func settle(_ clients: [LoadClient], before deadline: ContinuousClock.Instant) throws {
        var active = clients
        while !active.isEmpty {
            guard try drive(active, until: deadline) else {
                throw LoadError("\(active.count) clients were not served in time")
            }
            active = try active.filter { client in
                switch client.state {
                case .connecting, .asking: true
                case .idle: false
                case .failed(let reason): throw LoadError(reason)
                }
            }
        }
    }

    /// Unbuffered, since a script waits for it.
    private func say(_ line: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
    }
}
