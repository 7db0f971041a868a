import CLinux
import Dispatch
import Glibc
import Synchronization

/// Turns host names into addresses off the workers: getaddrinfo(3) on a Dispatch queue of bounded width, answers kept for
/// dns_max_ttl, failures for dns_nxdomain_ttl.
final class HostResolver: Sendable {
    enum Outcome: Sendable {
        case addresses([SocketAddress])
        case failure(String)
    }

    private struct Entry {
        let outcome: Outcome
        let expires: Instant
        var uses = 0
    }

    private struct State {
        var entries: [Name: Entry] = [:]
        /// Who waits for a look-up that is under way.
        var waiting: [Name: [@Sendable (Outcome) -> Void]] = [:]
    }

    private struct Name: Hashable {
        let host: String
        let port: Int
    }

    private static let entryLimit = 4096

    private let state = Mutex(State())
    /// A look-up blocks its thread, so there are as many threads as queues at most; a name always has the same one.
    private let queues = (0..<8).map { DispatchQueue(label: "pgvalet.resolver.\($0)") }

    init() {}

    /// The addresses of a host at once, if it is numeric or its name was looked up lately. Several addresses are turned, so that
    /// connections spread over them.
    func known(_ host: String, port: Int, now: Instant) -> Outcome? {
        if let address = Self.numeric(host, port: port) { return .addresses([address]) }
        return state.withLock { state in
            let name = Name(host: host, port: port)
            guard var entry = state.entries[name], entry.expires > now else { return nil }
            defer { state.entries[name] = entry }
            entry.uses &+= 1
            guard case .addresses(let addresses) = entry.outcome else { return entry.outcome }
            let turn = entry.uses % addresses.count
            return .addresses(Array(addresses[turn...] + addresses[..<turn]))
        }
    }

    /// Looks a name up and calls back from another thread. Questions for the same name share one look-up.
    func resolve(
        _ host: String, port: Int, ttl: Duration, failureTTL: Duration,
        _ completion: @escaping @Sendable (Outcome) -> Void
    ) {
        let name = Name(host: host, port: port)
        let isFirst = state.withLock { state in
            state.waiting[name, default: []].append(completion)
            return state.waiting[name]?.count == 1
        }
        guard isFirst else { return }
        let place = Int(UInt(bitPattern: name.hashValue) % UInt(queues.count))
        queues[place].async { [self] in
            finish(name, Self.lookUp(host, port: port), ttl: ttl, failureTTL: failureTTL)
        }
    }

    /// Names that are remembered, for SHOW DNS_HOSTS.
    func remembered(now: Instant) -> [(host: String, timeToLive: Duration, addresses: [String])] {
        state.withLock { state in
            state.entries.map { name, entry in
                let addresses: [String] =
                    if case .addresses(let list) = entry.outcome { list.map(\.host) } else { [] }
                return (name.host, max(.zero, entry.expires - now), addresses)
            }
        }
    }

    /// Look-ups under way.
    var lookUpsInFlight: Int { state.withLock { $0.waiting.count } }

    private func finish(_ name: Name, _ outcome: Outcome, ttl: Duration, failureTTL: Duration) {
        let waiting = state.withLock { state in
            let lifetime = if case .addresses = outcome { ttl } else { failureTTL }
            if state.entries.count >= Self.entryLimit { state.entries.removeAll() }
            state.entries[name] = Entry(outcome: outcome, expires: Instant.now() + lifetime)
            return state.waiting.removeValue(forKey: name) ?? []
        }
        for completion in waiting { completion(outcome) }
    }

    private static func numeric(_ host: String, port: Int) -> SocketAddress? {
        guard case .addresses(let addresses) = lookUp(host, port: port, flags: AI_NUMERICHOST) else { return nil }
        return addresses.first
    }

    /// getaddrinfo(3); it also serves listen_addr.
    static func lookUp(_ host: String?, port: Int, flags: Int32 = 0) -> Outcome {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = flags | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { return .failure(unsafe String(cString: gai_strerror(code))) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = unsafe list
        while let current = unsafe entry {
            if let address = unsafe current.pointee.ai_addr {
                unsafe addresses.append(SocketAddress(copying: address, length: current.pointee.ai_addrlen))
            }
            unsafe entry = current.pointee.ai_next
        }
        return addresses.isEmpty ? .failure("no address") : .addresses(addresses)
    }
}
