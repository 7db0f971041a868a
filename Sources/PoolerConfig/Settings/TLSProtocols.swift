/// TLS versions that are allowed (`client_tls_protocols`, `server_tls_protocols`).
public struct TLSProtocols: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// These bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// TLS 1.0.
    public static let tls10 = TLSProtocols(rawValue: 1)
    /// TLS 1.1.
    public static let tls11 = TLSProtocols(rawValue: 2)
    /// TLS 1.2.
    public static let tls12 = TLSProtocols(rawValue: 4)
    /// TLS 1.3.
    public static let tls13 = TLSProtocols(rawValue: 8)
    /// Every version that OpenSSL has.
    public static let all: TLSProtocols = [.tls10, .tls11, .tls12, .tls13]
    /// 1.2 and 1.3, the default.
    public static let secure: TLSProtocols = [.tls12, .tls13]

    /// Reads a list separated by commas or colons; `!` before a word takes it out again.
    init(_ text: String) throws(ValueError) {
        var result: TLSProtocols = []
        for part in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") }) {
            var word = String(Substring(Bytes.trimmed(part))).lowercased()
            let isRemoved = word.hasPrefix("!")
            if isRemoved { word.removeFirst() }
            guard let versions = Self.words[word] else {
                throw ValueError(found: Phrase.quoted(word), expected: Self.expectation)
            }
            if isRemoved { result.subtract(versions) } else { result.formUnion(versions) }
        }
        guard !result.isEmpty else { throw ValueError(found: "no TLS version", expected: Self.expectation) }
        self = result
    }

    private static let words: [String: TLSProtocols] = [
        "tlsv1.0": .tls10, "tlsv1.1": .tls11, "tlsv1.2": .tls12, "tlsv1.3": .tls13, "tlsv1": .all, "all": .all,
        "secure": .secure, "default": .secure,
    ]
    private static let expectation = "a list of tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3, all or secure"
}

extension Settings {
    /// TLS versions for clients.
    public var clientTLSVersions: TLSProtocols {
        (try? TLSProtocols(clientTlsProtocols)) ?? .secure
    }

    /// TLS versions for servers.
    public var serverTLSVersions: TLSProtocols {
        (try? TLSProtocols(serverTlsProtocols)) ?? .secure
    }

    /// The health probe: nil is none, "" is the empty query.
    public var checkQuery: String? {
        switch serverCheckQuery {
        case "": nil
        case "<empty>": ""
        default: serverCheckQuery
        }
    }
}
