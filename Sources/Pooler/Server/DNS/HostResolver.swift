import CLinux
import Dispatch
import Glibc
import PoolerConfig
import Synchronization

/// Turns host names into addresses off the workers, on Dispatch queues of bounded width: getaddrinfo(3), or with `resolv_conf` the
/// hosts file and the name servers named there. Answers are kept for dns_max_ttl, failures for dns_nxdomain_ttl. It also watches
/// the zones of those names (dns_zone_check_period).
final class HostResolver: Sendable {
    enum Outcome: Sendable {
        case addresses([SocketAddress])
        case failure(String)
    }

    /// How long answers are kept.
    struct Lifetimes: Sendable {
        let answer: Duration
        let failure: Duration

        init(_ settings: Settings) {
            answer = settings.dnsMaxTtl
            failure = settings.dnsNxdomainTtl
        }
    }

    private struct Entry {
        var outcome: Outcome
        var expires: Instant
        var uses = 0
        /// The addresses of the last look-up that found some.
        var addresses: Set<String> = []
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Who waits for a look-up that is under way.
        var waiting: [String: [@Sendable (Outcome) -> Void]] = [:]
        /// The SOA serial of each zone, once it is known.
        var serials: [String: UInt32] = [:]
        var checkedZones: Set<String> = []
        var vanished: @Sendable (String, Set<String>) -> Void = { _, _ in }
    }

    private static let entryLimit = 4096

    private let resolvConf: ResolvConf?
    /// The hosts file as it is now, for use with `resolv_conf`.
    private let hostsFile: @Sendable () -> HostsFile
    private let state = Mutex(State())
    /// A look-up blocks its thread, so there are as many threads as queues at most; a name always has the same one.
    private let queues = (0..<8).map { DispatchQueue(label: "pgvalet.resolver.\($0)") }

    /// - Parameter resolvConf: what `resolv_conf` names; nil for the system's resolver.
    init(_ resolvConf: ResolvConf? = nil, hostsFile: @escaping @Sendable () -> HostsFile = { HostsFile(text: "") }) {
        self.resolvConf = resolvConf
        self.hostsFile = hostsFile
    }

    /// What is to be done when a name has lost addresses that it had: called from any thread.
    func whenAddressesVanish(_ act: @escaping @Sendable (_ host: String, _ addresses: Set<String>) -> Void) {
        state.withLock { $0.vanished = act }
    }

    /// The addresses of a host at once, if it is numeric or its name was looked up lately. Several addresses are turned, so that
    /// connections spread over them.
    func known(_ host: String, port: Int, now: Instant) -> Outcome? {
        if let address = Self.numeric(host, port: port) { return .addresses([address]) }
        return state.withLock { state in
            guard var entry = state.entries[host], entry.expires > now else { return nil }
            defer { state.entries[host] = entry }
            entry.uses &+= 1
            guard case .addresses(let addresses) = entry.outcome else { return entry.outcome }
            let turn = entry.uses % addresses.count
            return Outcome.addresses(Array(addresses[turn...] + addresses[..<turn])).at(port: port)
        }
    }

    /// Looks a name up and calls back from another thread. Questions for the same name share one look-up.
    func resolve(
        _ host: String, port: Int, lifetimes: Lifetimes, _ completion: @escaping @Sendable (Outcome) -> Void
    ) {
        lookUp(host, lifetimes) { completion($0.at(port: port)) }
    }

    private func lookUp(_ host: String, _ lifetimes: Lifetimes, _ completion: @escaping @Sendable (Outcome) -> Void) {
        let isFirst = state.withLock { state in
            state.waiting[host, default: []].append(completion)
            return state.waiting[host]?.count == 1
        }
        guard isFirst else { return }
        queue(of: host).async { [self] in
            finish(host, resolvConf?.lookUp(host, hosts: hostsFile()) ?? Self.lookUp(host, port: 0), lifetimes)
        }
    }

    private func queue(of name: String) -> DispatchQueue {
        queues[Int(UInt(bitPattern: name.hashValue) % UInt(queues.count))]
    }

    private func finish(_ host: String, _ outcome: Outcome, _ lifetimes: Lifetimes) {
        let found = outcome.hosts
        let (waiting, vanished, act) = state.withLock { state in
            if state.entries.count >= Self.entryLimit { state.entries.removeAll() }
            let before = state.entries[host]
            // A look-up that fails says nothing about the servers.
            state.entries[host] = Entry(
                outcome: outcome, expires: Instant.now() + (found.isEmpty ? lifetimes.failure : lifetimes.answer),
                uses: before?.uses ?? 0, addresses: found.isEmpty ? before?.addresses ?? [] : found)
            let vanished = found.isEmpty ? [] : (before?.addresses ?? []).subtracting(found)
            return (state.waiting.removeValue(forKey: host) ?? [], vanished, state.vanished)
        }
        if !vanished.isEmpty { act(host, vanished) }
        for completion in waiting { completion(outcome) }
    }
}

// MARK: - Zones

extension HostResolver {
    /// dns_zone_check_period has elapsed: asks for the serial of every zone, and where it has grown, for the zone's hosts.
    func checkZones(_ lifetimes: Lifetimes) {
        for zone in state.withLock({ Set($0.entries.keys.compactMap(Self.zone(of:))) }) {
            let isNew = state.withLock { $0.checkedZones.insert(zone).inserted }
            // Its last check is still under way.
            guard isNew else { continue }
            queue(of: zone).async { [self] in
                let serial = DNSQuestion(name: zone, type: .soa).ask(resolvConf).flatMap(\.serial)
                check(zone, serial, lifetimes)
            }
        }
    }

    private func check(_ zone: String, _ serial: UInt32?, _ lifetimes: Lifetimes) {
        let hosts = state.withLock { state -> [String] in
            state.checkedZones.remove(zone)
            guard let serial, let before = state.serials.updateValue(serial, forKey: zone) else { return [] }
            // Serial number arithmetic (RFC 1982).
            guard Int32(bitPattern: serial &- before) > 0 else { return [] }
            return state.entries.keys.filter { Self.zone(of: $0) == zone }
        }
        for host in hosts { lookUp(host, lifetimes) { _ in } }
    }

    /// What stands behind the first dot of a name; nil where nothing does.
    static func zone(of host: String) -> String? {
        guard let dot = host.firstIndex(of: ".") else { return nil }
        let zone = host[host.index(after: dot)...]
        return zone.isEmpty ? nil : String(zone)
    }
}

// MARK: - For SHOW

extension HostResolver {
    /// Names that are remembered, for SHOW DNS_HOSTS.
    func remembered(now: Instant) -> [(host: String, timeToLive: Duration, addresses: [String])] {
        state.withLock { state in
            state.entries.map { name, entry in
                let addresses: [String] =
                    if case .addresses(let list) = entry.outcome { list.map(\.host) } else { [] }
                return (name, max(.zero, entry.expires - now), addresses)
            }
        }
    }

    /// Zones of these names, for SHOW DNS_ZONES: the serial is 0 until it is known.
    func zones() -> [(zone: String, serial: UInt32, hosts: Int)] {
        state.withLock { state in
            var counts: [String: Int] = [:]
            for host in state.entries.keys {
                if let zone = Self.zone(of: host) { counts[zone, default: 0] += 1 }
            }
            return counts.map { ($0, state.serials[$0] ?? 0, $1) }
        }
    }

    /// Look-ups under way.
    var lookUpsInFlight: Int { state.withLock { $0.waiting.count + $0.checkedZones.count } }
}

// MARK: - The system's resolver

extension HostResolver {
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

extension HostResolver.Outcome {
    /// The same addresses with a port.
    fileprivate func at(port: Int) -> Self {
        guard case .addresses(let addresses) = self else { return self }
        return .addresses(addresses.map { $0.at(port: port) })
    }

    /// The addresses without their ports.
    fileprivate var hosts: Set<String> {
        if case .addresses(let addresses) = self { Set(addresses.map(\.host)) } else { [] }
    }
}
