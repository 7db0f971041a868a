/// One connection of the stand-in for Postgres.
struct NullSession {
    private let stream: ByteStream
    private var input: [UInt8] = []

    init(_ stream: ByteStream) { self.stream = stream }

    /// Answers until the peer leaves.
    mutating func run() throws {
        while try !readStartup() {}
        try stream.send(Self.welcome)
        var output: [UInt8] = []
        while true {
            var start = input.startIndex
            while let end = frameEnd(from: start, header: 5) {
                if input[start] == UInt8(ascii: "X") { return }
                answer(input[start], input[start..<end].dropFirst(5), &output)
                start = end
            }
            input.removeFirst(start)
            if !output.isEmpty { try stream.send(output) }
            output.removeAll(keepingCapacity: true)
            guard try receive() else { return }
        }
    }

    /// A request for encryption is answered with no; true when it was a StartupMessage.
    private mutating func readStartup() throws -> Bool {
        while true {
            if let end = frameEnd(from: 0, header: 4) {
                let isRequest = input[4] != 0
                input.removeFirst(end)
                if isRequest { try stream.send([UInt8(ascii: "N")]) }
                return !isRequest
            }
            guard try receive() else { throw LoadError("the peer left") }
        }
    }

    private mutating func receive() throws -> Bool {
        let more = try stream.receive()
        input += more
        return !more.isEmpty
    }

    /// Where the message at `start` ends, once all of it is there.
    private func frameEnd(from start: Int, header: Int) -> Int? {
        guard input.count - start >= max(header, 5) else { return nil }
        let length = input[(start + header - 4)..<(start + header)].reduce(0) { $0 << 8 | Int($1) }
        let end = start + header - 4 + length
        return end <= input.count && length >= 4 ? end : nil
    }

    private func answer(_ type: UInt8, _ body: ArraySlice<UInt8>, _ output: inout [UInt8]) {
        switch Unicode.Scalar(type) {
        case "Q": output += body.starts(with: Array("SET".utf8)) ? Self.setDone : Self.row
        case "P": output += Self.message("1", [])
        case "B": output += Self.message("2", [])
        case "C": output += Self.message("3", [])
        case "D": output += body.first == UInt8(ascii: "S") ? Self.parameters + Self.description : Self.description
        case "E": output += Self.dataRow + Self.selected
        case "S": output += Self.ready
        default: break
        }
    }

    private static func message(_ type: Unicode.Scalar, _ body: [UInt8]) -> [UInt8] {
        [UInt8(ascii: type), 0, 0, 0, UInt8(body.count + 4)] + body
    }

    private static let ready = message("Z", [UInt8(ascii: "I")])
    private static let parameters = message("t", [0, 0])
    private static let description = message(
        "T", [0, 1] + Array("n\0".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0])
    private static let dataRow = message("D", [0, 1, 0, 0, 0, 1, UInt8(ascii: "1")])
    private static let selected = message("C", Array("SELECT 1\0".utf8))
    private static let row = description + dataRow + selected + ready
    private static let setDone = message("C", Array("SET\0".utf8)) + ready
    private static let welcome =
        message("R", [0, 0, 0, 0])
        + [
            "server_version\u{0}15.0", "server_encoding\u{0}UTF8", "client_encoding\u{0}UTF8", "DateStyle\u{0}ISO, MDY",
            "TimeZone\u{0}UTC", "IntervalStyle\u{0}postgres", "standard_conforming_strings\u{0}on",
            "integer_datetimes\u{0}on", "application_name\u{0}",
        ].flatMap { message("S", Array($0.utf8) + [0]) }
        + message("K", [0, 0, 0, 1, 0, 0, 0, 1]) + ready
}
