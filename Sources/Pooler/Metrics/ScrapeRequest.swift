/// Reads the head of one HTTP request (RFC 9112) as it comes, and decides how it is answered. One request for each connection:
/// nothing behind the head is looked at.
struct ScrapeRequest {
    /// The longest head that is read.
    static let limit = 8 * 1024

    /// What became of the bytes so far.
    enum Progress: Equatable {
        case incomplete
        /// The metrics are wanted; for HEAD, without the body.
        case metrics(bodyWanted: Bool)
        case refused(ScrapeResponse.Status, bodyWanted: Bool)
        /// The page at `/`, which says where the metrics are.
        case index(bodyWanted: Bool)
    }

    private var bytes: [UInt8] = []

    /// More of the request has come.
    mutating func received(_ more: some Sequence<UInt8>) -> Progress {
        bytes += more
        // TLS and other protocols are told at once, instead of after the time limit.
        guard let first = bytes.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            return bytes.isEmpty ? .incomplete : .refused(.badRequest, bodyWanted: true)
        }
        if let end = endOfHead { return end > Self.limit ? .refused(.tooLarge, bodyWanted: true) : decide() }
        return bytes.count > Self.limit ? .refused(.tooLarge, bodyWanted: true) : .incomplete
    }

    /// Where the empty line begins that ends the head.
    private var endOfHead: Int? {
        let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
        var isLineEmpty = false
        for (index, byte) in bytes.enumerated() {
            if byte == lineFeed {
                if isLineEmpty { return index }
                isLineEmpty = true
            } else if byte != carriageReturn {
                isLineEmpty = false
            }
        }
        return nil
    }

    private func decide() -> Progress {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, line.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }), words[1].first == UInt8(ascii: "/") else {
            return .refused(.badRequest, bodyWanted: true)
        }
        guard words[2].elementsEqual("HTTP/1.1".utf8) || words[2].elementsEqual("HTTP/1.0".utf8) else {
            return .refused(words[2].starts(with: "HTTP/".utf8) ? .versionUnsupported : .badRequest, bodyWanted: true)
        }
        let isHead = words[0].elementsEqual("HEAD".utf8)
        guard isHead || words[0].elementsEqual("GET".utf8) else { return .refused(.methodNotAllowed, bodyWanted: true) }
        let path = words[1].prefix { $0 != UInt8(ascii: "?") }
        if path.elementsEqual("/metrics".utf8) { return .metrics(bodyWanted: !isHead) }
        if path.elementsEqual("/".utf8) { return .index(bodyWanted: !isHead) }
        return .refused(.notFound, bodyWanted: !isHead)
    }
}
