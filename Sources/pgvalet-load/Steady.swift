import ArgumentParser
import Foundation

/// Clients that stay and ask a short query now and then: those who should not notice what others do.
struct Steady: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Clients that stay, and run a short query again and again with a pause between.",
        discussion: "Prints one line, as `logins` does; p50 and p99 are microseconds from query to answer.")

    @OptionGroup var endpoint: Endpoint

    @Option(help: "How many clients.")
    var clients = 20

    @Option(help: "For how long, in seconds.")
    var seconds = 10

    @Option(help: "The pause between an answer and the next query, in milliseconds.")
    var pause = 10

    @Option(help: "The query.")
    var query = "select 1"

    func validate() throws {
        guard clients > 0, seconds > 0, pause >= 0 else { throw ValidationError("numbers are at least 1") }
    }

    func run() throws {
        raiseDescriptorLimit()
        let keyring = SCRAMKeyring(password: endpoint.password)
        let tls = endpoint.tls ? try TLSClientContext() : nil
        let end = ContinuousClock.now + .seconds(seconds)
        let figures = try Clients.run(clients) { [endpoint, pause, query] figures in
            do {
                let client = unsafe try WireClient(endpoint, keyring, tls: tls, resuming: nil)
                while ContinuousClock.now < end {
                    figures.time { try client.run(query) }
                    guard figures.errors.isEmpty else { return }
                    usleep(UInt32(pause) * 1000)
                }
            } catch {
                figures.errors["\(error)", default: 0] += 1
            }
        }
        figures.print(seconds: Double(seconds))
        if !figures.errors.isEmpty { throw ExitCode.failure }
    }
}
