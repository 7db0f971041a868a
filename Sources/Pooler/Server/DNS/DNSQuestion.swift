import CLinux
import Glibc

/// A question to the DNS, asked by the C library's resolver: it repeats, goes from server to server, and changes to TCP where an
/// answer is too long. It blocks its thread.
struct DNSQuestion {
    enum Kind: Int32 {
        case a = 1
        case soa = 6
        case aaaa = 28
    }

    let name: String
    let type: Kind

    /// Room for any answer that is worth reading.
    private static let longestAnswer = 16 * 1024

    /// - Parameter configuration: whom to ask; nil for the servers of the system.
    func ask(_ configuration: ResolvConf?) -> DNSAnswer? {
        let servers = (configuration?.servers ?? []).compactMap { server -> SocketAddress? in
            guard
                case .addresses(let list) = HostResolver.lookUp(server.host, port: server.port, flags: AI_NUMERICHOST)
            else { return nil }
            return list.first
        }
        if configuration != nil, servers.isEmpty { return nil }
        var storage = [sockaddr_storage](repeating: sockaddr_storage(), count: servers.count)
        for (index, server) in servers.enumerated() {
            unsafe server.withSockaddr { address, length in
                unsafe withUnsafeMutableBytes(of: &storage[index]) {
                    unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
                }
            }
        }
        var bytes = [UInt8](repeating: 0, count: Self.longestAnswer)
        let length = unsafe clinux_dns_query(
            name, type.rawValue, &storage, Int32(storage.count), Int32(configuration?.timeout ?? 0),
            Int32(configuration?.attempts ?? 0), &bytes, Int32(bytes.count))
        guard length > 0 else { return nil }
        return DNSAnswer(bytes.prefix(min(Int(length), bytes.count)))
    }
}

extension ResolvConf {
    /// The addresses of a name: from the hosts file, else from the name servers.
    func lookUp(_ host: String, hosts: HostsFile) -> HostResolver.Outcome {
        let listed = hosts.addresses(of: host)
        if !listed.isEmpty { return Self.outcome(listed) }
        for name in candidates(for: host) {
            let found = [DNSQuestion.Kind.a, .aaaa].flatMap { type in
                DNSQuestion(name: name, type: type).ask(self)?.addresses ?? []
            }
            if !found.isEmpty { return Self.outcome(found) }
        }
        return .failure("no address was found by resolv_conf")
    }

    private static func outcome(_ hosts: [String]) -> HostResolver.Outcome {
        let addresses = hosts.compactMap { host -> SocketAddress? in
            guard case .addresses(let list) = HostResolver.lookUp(host, port: 0, flags: AI_NUMERICHOST) else {
                return nil
            }
            return list.first
        }
        return addresses.isEmpty ? .failure("no address") : .addresses(addresses)
    }
}

/// hosts(5).
struct HostsFile {
    let text: String

    /// The addresses whose line names the host, in any case.
    func addresses(of host: String) -> [String] {
        let host = host.lowercased()
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
            return words.dropFirst().contains { $0.lowercased() == host } ? words.first.map(String.init) : nil
        }
    }
}
