import ArgumentParser
import Foundation

/// Many clients that do nothing, held for as long as somebody wants to measure.
struct Idle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens clients and holds them until standard input ends.",
        discussion: "Prints `ready N` once all of them are in (and have their answer, if there is a query).")

    @Option(help: "How many clients.")
    var clients = 1000

    @Option(help: "One query that each runs first.")
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
        var active: [LoadClient] = []
        while held.count < clients {
            while active.count < together && held.count + active.count < clients {
                active.append(LoadClient(conninfo: conninfo, query: query))
            }
            guard try drive(active, until: deadline) else { throw LoadError("only \(held.count) clients got in") }
            var rest: [LoadClient] = []
            for client in active {
                switch client.state {
                case .connecting, .asking: rest.append(client)
                case .idle: held.append(client)
                case .failed(let reason): throw LoadError("client \(held.count): \(reason)")
                }
            }
            active = rest
        }
        // Unbuffered, since a script waits for it.
        try FileHandle.standardOutput.write(contentsOf: Data("ready \(held.count)\n".utf8))
        while readLine() != nil {}
        withExtendedLifetime(held) {}
    }
}
