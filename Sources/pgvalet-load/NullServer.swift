import ArgumentParser
import CLinux
import Foundation

/// A stand-in for Postgres that lets everybody in and answers everything at once, so that a pooler is all there is to wait for.
struct NullServer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "null-server",
        abstract: "Answers every query at once with one row, in Postgres's place.",
        discussion: """
            Everybody is let in. Each query brings the row `1` of an int4, each statement is prepared, each SET is done. It \
            listens on the Unix socket DIRECTORY/.s.PGSQL.PORT, prints `ready`, and runs until it is ended.
            """)

    @Option(help: "The directory of its Unix socket.")
    var directory: String

    @Option(help: "The port in the socket's name.")
    var port = 5432

    func run() throws {
        raiseDescriptorLimit()
        let listener = try listen(at: "\(directory)/.s.PGSQL.\(port)")
        try FileHandle.standardOutput.write(contentsOf: Data("ready\n".utf8))
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { throw LoadError("accept: \(reason())") }
            let thread = Thread {
                var session = NullSession(ByteStream(descriptor))
                try? session.run()
            }
            thread.stackSize = 256 * 1024
            thread.start()
        }
    }

    private func listen(at path: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw LoadError("--directory: the path is too long for a Unix socket")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw LoadError("socket: \(reason())") }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, size) == 0 }
        }
        guard isBound, Glibc.listen(descriptor, 1024) == 0 else { throw LoadError("\(path): \(reason())") }
        return descriptor
    }
}
