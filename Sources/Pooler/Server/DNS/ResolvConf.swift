/// What a resolv.conf(5) says: name servers, where to search names without dots, how long to wait. A name server may have a port
/// (`127.0.0.1:5353`, `[::1]:5353`), which the C library's own file cannot say.
struct ResolvConf: Sendable, Equatable {
    struct NameServer: Sendable, Equatable {
        /// A numeric address.
        let host: String
        let port: Int
    }

    /// At most three, as everywhere.
    private(set) var servers: [NameServer] = []
    private(set) var search: [String] = []
    /// A name with at least so many dots is tried as it is first.
    private(set) var dots = 1
    /// Seconds for each try.
    private(set) var timeout = 5
    private(set) var attempts = 2

    private static let serverLimit = 3

    /// Lines that it does not know are passed over. Without a name server it is this machine.
    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.prefix { $0 != "#" && $0 != ";" }
            let words = content.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let keyword = words.first else { continue }
            switch keyword {
            case "nameserver": words.dropFirst().first.map { add($0) }
            case "domain", "search": search = Array(words.dropFirst())
            case "options": for option in words.dropFirst() { read(option) }
            default: break
            }
        }
        if servers.isEmpty { servers = [NameServer(host: "127.0.0.1", port: 53)] }
    }

    private mutating func add(_ text: String) {
        guard servers.count < Self.serverLimit else { return }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            servers.append(NameServer(host: host, port: Int(rest.dropFirst()) ?? 53))
        } else if text.count(where: { $0 == ":" }) == 1 {
            let parts = text.split(separator: ":")
            servers.append(NameServer(host: String(parts.first ?? ""), port: parts.last.flatMap { Int($0) } ?? 53))
        } else {
            servers.append(NameServer(host: text, port: 53))
        }
    }

    private mutating func read(_ option: String) {
        let parts = option.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let value = Int(parts[1]), value >= 0 else { return }
        switch parts[0] {
        case "ndots": dots = min(value, 15)
        case "timeout": timeout = min(max(1, value), 30)
        case "attempts": attempts = min(max(1, value), 5)
        default: break
        }
    }

    /// The names to ask for, in order.
    func candidates(for host: String) -> [String] {
        if host.hasSuffix(".") { return [String(host.dropLast())] }
        let searched = search.map { "\(host).\($0)" }
        return host.count { $0 == "." } >= dots ? [host] + searched : searched + [host]
    }
}
