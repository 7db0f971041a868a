/// One client of the wire protocol: what libpq does, without what is no part of the load.
final class WireClient {
    private let stream: ByteStream
    private var input: ArraySlice<UInt8> = []

    /// Connects and logs in.
    @unsafe init(
        _ endpoint: Endpoint, _ keyring: SCRAMKeyring, tls: TLSClientContext?, resuming session: OpaquePointer?
    ) throws {
        stream = try ByteStream(host: endpoint.host, port: endpoint.port)
        if let tls {
            try stream.send([0, 0, 0, 8] + Self.bytes(80_877_103))
            guard try stream.receive() == [UInt8(ascii: "S")] else { throw LoadError("the server has no TLS") }
            try unsafe stream.startTLS(tls, resuming: session)
        }
        try logIn(endpoint, keyring)
    }

    deinit { try? stream.send(Self.message("X", [])) }

    /// The TLS connection, if it is one.
    var tls: TLSSession? { stream.session }

    /// Runs a query, and waits for the end of its answer.
    func run(_ query: String) throws {
        try stream.send(Self.message("Q", Array(query.utf8) + [0]))
        while true {
            let (type, body) = try nextMessage()
            if type == "Z" { return }
            if type == "E" { throw Self.failure(body) }
        }
    }

    private func logIn(_ endpoint: Endpoint, _ keyring: SCRAMKeyring) throws {
        var startup = Self.bytes(196_608)
        for text in ["user", endpoint.user, "database", endpoint.database] { startup += Array(text.utf8) + [0] }
        startup.append(0)
        try stream.send(Self.bytes(UInt32(startup.count + 4)) + startup)
        let nonce = SCRAMKeyring.nonce()
        while true {
            let (type, body) = try nextMessage()
            switch type {
            case "Z": return
            case "E": throw Self.failure(body)
            case "R": if let answer = try answer(body, nonce, keyring) { try stream.send(Self.message("p", answer)) }
            default: break
            }
        }
    }

    /// What an Authentication message is answered with.
    private func answer(_ request: ArraySlice<UInt8>, _ nonce: String, _ keyring: SCRAMKeyring) throws -> [UInt8]? {
        let data = request.dropFirst(4)
        switch request.prefix(4).last {
        case 0, 12:
            return nil
        case 10:
            let first = Array(SCRAMKeyring.clientFirst(nonce).utf8)
            return Array("SCRAM-SHA-256\0".utf8) + Self.bytes(UInt32(first.count)) + first
        case 11:
            return Array(try keyring.clientFinal(nonce, answering: String(decoding: data, as: UTF8.self)).utf8)
        default:
            throw LoadError("the server asks for another authentication than trust or SCRAM-SHA-256")
        }
    }

    private func nextMessage() throws -> (type: Character, body: ArraySlice<UInt8>) {
        while true {
            if input.count >= 5 {
                let length = Int(input.dropFirst().prefix(4).reduce(0) { $0 << 8 | UInt32($1) }) + 1
                if input.count >= length {
                    defer { input = input.dropFirst(length) }
                    return (Character(Unicode.Scalar(input[input.startIndex])), input.prefix(length).dropFirst(5))
                }
            }
            let more = try stream.receive()
            guard !more.isEmpty else { throw LoadError("the server closed the connection") }
            input = input.isEmpty ? more : input + more
        }
    }

    private static func message(_ type: Unicode.Scalar, _ body: [UInt8]) -> [UInt8] {
        [UInt8(ascii: type)] + bytes(UInt32(body.count + 4)) + body
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) }
    }

    /// The message of an ErrorResponse.
    private static func failure(_ body: ArraySlice<UInt8>) -> LoadError {
        let fields = body.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return LoadError(fields.first { $0.hasPrefix("M") }.map { String($0.dropFirst()) } ?? "an error without a text")
    }
}
