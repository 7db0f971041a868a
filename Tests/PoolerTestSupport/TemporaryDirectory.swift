import Glibc

/// A directory of its own under /tmp, which goes with its owner or, at the latest, with the test process.
public final class TemporaryDirectory: Sendable {
    /// Its absolute path.
    public let path: String

    /// Makes it, owned by the account that Postgres and the pooler run under.
    public init(_ label: String) throws {
        var template = Array("/tmp/pgvalet-\(label)-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw SystemError("mkdtemp") }
        path = unsafe String(cString: made)
        Watchdog.shared.remove(path)
        try Account.give(path)
    }

    /// The path of a file in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a text file in it, owned like the directory, and returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String {
        let path = file(name)
        try writeFile(path, text)
        try Account.give(path)
        return path
    }

    deinit { _ = try? ChildProcess.run(["rm", "-rf", path]) }
}

/// Writes a whole file anew.
public func writeFile(_ path: String, _ text: String) throws {
    let descriptor = try checked("open \(path)") { unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640) }
    defer { close(descriptor) }
    try writeAll(descriptor, Array(text.utf8))
}

/// The text of a file; empty when it cannot be read.
public func readFile(_ path: String) -> String { String(decoding: readBytes(path), as: UTF8.self) }

/// The bytes of a file; none when it cannot be read.
public func readBytes(_ path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = unsafe read(descriptor, &chunk, chunk.count)
        if count <= 0 { return bytes }
        bytes += chunk[..<count]
    }
}

func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = try checked("write") {
            unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        }
        rest = rest.dropFirst(count)
    }
}
