import ArgumentParser

/// Where the clients of the wire go, and as whom.
struct Endpoint: ParsableArguments {
    @Option(help: "An address, or the directory of a Unix socket.")
    var host = "127.0.0.1"

    @Option(help: "The port.")
    var port = 6432

    @Option(help: "The user.")
    var user = "app"

    @Option(help: "The password, where one is asked for with SCRAM-SHA-256.")
    var password = ""

    @Option(help: "The database.")
    var database = "app"

    @Flag(help: "Ask for TLS; no certificate is checked.")
    var tls = false

    func validate() throws {
        guard UInt16(exactly: port) != nil, port > 0 else { throw ValidationError("--port is 1 to 65535") }
        guard !tls || !host.hasPrefix("/") else { throw ValidationError("there is no TLS over a Unix socket") }
    }
}
