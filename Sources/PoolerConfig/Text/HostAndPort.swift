/// Where to listen: `host:port`. The host is a name, an IPv4 address, an IPv6 address in brackets, or `*` for every address.
public struct HostAndPort: Equatable, Sendable, CustomStringConvertible {
    /// Without brackets; `*` is every address.
    public let host: String
    /// 1 to 65535.
    public let port: Int

    /// Nil when the text is not of that form.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(where: { ":[]".contains($0) }) {
            return nil
        }
        let isName =
            !host.isEmpty && host.utf8.allSatisfy { $0 > UInt8(ascii: " ") && $0 < 0x7f && $0 != UInt8(ascii: "/") }
        guard isName, !digits.isEmpty, digits.utf8.count <= 5, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = Int(digits), (1...65535).contains(port)
        else { return nil }
        self.host = String(host)
        self.port = port
    }

    /// As it is written in the file.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
