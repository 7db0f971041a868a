import ArgumentParser
import COpenSSL
import Foundation
import Synchronization

/// A storm of short-lived clients: each connects, logs in, runs one query and leaves, and is followed by the next.
struct Logins: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Clients that connect, log in, run one query and leave, one after the other.",
        discussion: """
            Prints one line: count, errors, resumed (TLS sessions), seconds, and p50 and p99 in microseconds from connect to \
            answer. Exits with 1 if there was an error.
            """)

    @OptionGroup var endpoint: Endpoint

    @Option(help: "How many clients at a time.")
    var together = 32

    @Option(help: "How many in all.")
    var count = 2000

    @Flag(help: "Let each TLS session be resumed by the next client.")
    var resume = false

    @Option(help: "The query that each runs.")
    var query = "select 1"

    func validate() throws {
        guard together > 0, count > 0 else { throw ValidationError("numbers are at least 1") }
        guard endpoint.tls || !resume else { throw ValidationError("--resume needs --tls") }
    }

    func run() throws {
        raiseDescriptorLimit()
        let keyring = SCRAMKeyring(password: endpoint.password)
        let tls = endpoint.tls ? try TLSClientContext() : nil
        let begun = Counter()
        let start = ContinuousClock.now
        let figures = try Clients.run(together) { [endpoint, count, resume, query] figures in
            var session: OpaquePointer?
            var resumed = 0
            while begun.next() < count {
                figures.time {
                    let client = unsafe try WireClient(endpoint, keyring, tls: tls, resuming: session)
                    try client.run(query)
                    guard resume, let connection = client.tls else { return }
                    if connection.isResumed { resumed += 1 }
                    unsafe SSL_SESSION_free(session)
                    unsafe session = connection.takeSession()
                }
            }
            unsafe SSL_SESSION_free(session)
            figures.resumed = resumed
        }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        figures.print(seconds: Double(seconds) + Double(attoseconds) * 1e-18)
        if !figures.errors.isEmpty { throw ExitCode.failure }
    }

    private final class Counter: Sendable {
        private let value = Atomic(0)
        func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
    }
}
