import CPQ
import Glibc

/// A libpq connection on its way, step by step, so that one thread can open many at once.
@safe final class Opening {
    private var handle: OpaquePointer?
    private var next = PGRES_POLLING_WRITING

    /// Starts; nothing is known of the server yet.
    init(_ parameters: [String: String]) throws {
        let parameters = Self.defaults.merging(parameters) { $1 }
        let keys = parameters.keys.sorted()
        unsafe handle = withCStrings(keys) { keys in
            unsafe withCStrings(parameters.sorted { $0.key < $1.key }.map(\.value)) { values in
                unsafe PQconnectStartParams(keys, values, 0)
            }
        }
        // Verbose, because only then do failed connects tell their SQLSTATE.
        unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    }

    /// A test names what it wants; nothing comes from the tester's environment.
    private static let defaults = [
        "sslmode": "disable", "gssencmode": "disable", "client_encoding": "", "passfile": "/nonexistent",
    ]

    /// Goes on when the socket is ready; true once connected. Throws the server's refusal.
    func step() throws -> Bool {
        unsafe next = PQconnectPoll(handle)
        switch next {
        case PGRES_POLLING_OK: return true
        case PGRES_POLLING_FAILED: throw PostgresError(verbose: unsafe String(cString: PQerrorMessage(handle)))
        case _: return false
        }
    }

    /// Waits until the next step makes sense; false when the time is over.
    func wait(_ deadline: Deadline) throws -> Bool {
        try pollDescriptor(descriptor, events, until: deadline)
    }

    var descriptor: Int32 { unsafe PQsocket(handle) }

    /// The poll(2) events that the next step waits for.
    var events: Int32 { next == PGRES_POLLING_READING ? POLLIN : POLLOUT }

    /// Hands the connection over.
    func take() -> OpaquePointer {
        guard let taken = unsafe handle else { fatalError("the connection was taken before") }
        unsafe handle = nil
        return unsafe taken
    }

    deinit { unsafe PQfinish(handle) }
}

/// Calls with a C array of C strings, a nil at its end; nil strings stay nil.
func withCStrings<Value>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value
) -> Value {
    let copies = unsafe strings.map { unsafe $0.flatMap { unsafe strdup($0) } }
    defer { unsafe copies.forEach { unsafe free($0) } }
    let pointers: [UnsafePointer<CChar>?] = unsafe copies.map { unsafe UnsafePointer($0) } + [nil]
    return unsafe body(pointers)
}

extension PostgresError {
    /// From libpq's verbose text, which is all that a failed connect leaves: `... FATAL:  08P01: text`.
    init(verbose text: String) {
        for line in text.split(separator: "\n") {
            for severity in ["FATAL", "ERROR", "PANIC"] {
                guard let start = line.firstRange(of: "\(severity):  ") else { continue }
                let rest = line[start.upperBound...]
                guard rest.count > 7, rest.dropFirst(5).hasPrefix(": ") else { continue }
                self.init(severity, String(rest.prefix(5)), String(rest.dropFirst(7)))
                detail = Self.line("DETAIL:  ", of: text)
                hint = Self.line("HINT:  ", of: text)
                return
            }
        }
        self.init("", "", text)
    }

    private static func line(_ label: String, of text: String) -> String {
        let line = text.split(separator: "\n").first { $0.hasPrefix(label) }
        return line.map { String($0.dropFirst(label.count)) } ?? ""
    }

    /// From a failed result or a notice.
    init(result: OpaquePointer) {
        func field(_ code: UnicodeScalar) -> String {
            unsafe PQresultErrorField(result, Int32(code.value)).map { unsafe String(cString: $0) } ?? ""
        }
        self.init(field("S"), field("C"), field("M"))
        detail = field("D")
        hint = field("H")
        if message.isEmpty {
            self.init("", "", unsafe String(cString: PQresultErrorMessage(result)))
        }
    }
}
