import PoolerConfig

/// Cancel requests for other processes of the group ([peers]): a key names the process whose client it belongs to. One worker
/// forwards them all, so that the limit of a peer is counted in one place.
extension Worker {
    /// The worker that forwards.
    static let forwarder = 0

    /// A cancel request came for a client of another process, with the hops that it has left already counted down.
    func forward(_ request: CancelRequest, toPeer id: Int) {
        guard let pool = peerPool(id) else { return request.found(.noPeer) }
        request.found(.sent)
        pool.waiting.append(request, at: now)
        serve(pool)
    }

    /// The pool of a peer, which exists from its first request on; nil where there is no such peer.
    private func peerPool(_ id: Int) -> PeerPool? {
        if let pool = peerPools[id] { return pool }
        guard let peer = configuration.configuration.peers[id] else { return nil }
        let pool = PeerPool(peer, size: poolSize(of: peer))
        peerPools[id] = pool
        return pool
    }

    private func poolSize(of peer: Peer) -> Int { peer.poolSize ?? configuration.settings.defaultPoolSize }

    /// Sends as many of the waiting requests as the limit allows.
    private func serve(_ pool: PeerPool) {
        guard !pool.isRemoved else { return }
        if let failedAt = pool.failedAt, now < failedAt + configuration.settings.serverLoginRetry { return }
        while pool.openingCount + pool.sendingCount < pool.size, let (request, since) = pool.waiting.takeFirst() {
            pool.openingCount += 1
            open(pool, request, since)
        }
    }

    private func open(_ pool: PeerPool, _ request: CancelRequest, _ since: Instant) {
        let host = pool.nextHost()
        let port = pool.peer.port
        if host.hasPrefix("/") || host.hasPrefix("@") {
            let address = SocketAddress(unixPath: "\(host)/.s.PGSQL.\(port)")
            return connect(pool, request, since, to: address.map { [$0] } ?? [])
        }
        if let outcome = shared.resolver.known(host, port: port, now: now) {
            return peerResolved(pool, request, since, outcome)
        }
        let (id, mailbox) = (pool.peer.id, mailbox)
        shared.resolver.resolve(host, port: port, lifetimes: .init(configuration.settings)) { outcome in
            mailbox.send(
                .run { worker in
                    guard let pool = worker.peerPools[id] else { return }
                    worker.peerResolved(pool, request, since, outcome)
                })
        }
    }

    private func peerResolved(
        _ pool: PeerPool, _ request: CancelRequest, _ since: Instant, _ outcome: HostResolver.Outcome
    ) {
        switch outcome {
        case .addresses(let addresses): connect(pool, request, since, to: addresses)
        case .failure(let text): peerFailed(pool, request, since, .lookUp(text))
        }
    }

    /// Opens a connection in clear text, as PgBouncer does: it carries the one packet, and ends with it.
    private func connect(_ pool: PeerPool, _ request: CancelRequest, _ since: Instant, to addresses: [SocketAddress]) {
        var failure = ServerFailure.lookUp("no address")
        for address in addresses {
            do {
                let deadline = configuration.settings.serverConnectTimeout
                try openCancel(
                    CancelConnection.Route(address: address, host: nil, policy: .never), packet: request.key.request,
                    to: .peer(pool), for: request, since: since,
                    deadline: deadline > .zero ? now + deadline : .never)
                return
            } catch {
                failure = .connect(error)
            }
        }
        peerFailed(pool, request, since, failure)
    }

    /// The connection to a peer stands, and the request is on it.
    func peerConnected(_ pool: PeerPool) {
        pool.failedAt = nil
        pool.openingCount -= 1
        pool.sendingCount += 1
    }

    /// The peer has dealt with a request.
    func peerAnswered(_ pool: PeerPool) {
        pool.sendingCount -= 1
        serve(pool)
    }

    /// A peer could not be reached: the request waits for the next try.
    func peerFailed(_ pool: PeerPool, _ request: CancelRequest, _ since: Instant, _ failure: ServerFailure) {
        log.warning("peer-\(pool.peer.id): cannot forward a cancel request: \(failure.description)")
        pool.openingCount -= 1
        pool.failedAt = now
        if !pool.isRemoved { pool.waiting.returned(request, since: since) }
    }

    /// Upkeep: another try, and the end of those that have waited too long.
    func checkPeers() {
        let limit = configuration.settings.cancelWaitTimeout
        for pool in peerPools.values {
            if limit > .zero { pool.waiting.drop(since: now.advanced(nanoseconds: -limit.wholeNanoseconds)) }
            serve(pool)
        }
    }

    /// [peers] has changed: requests for those that are gone are dropped.
    func peersChanged() {
        for (id, pool) in peerPools {
            guard let peer = configuration.configuration.peers[id] else {
                pool.isRemoved = true
                pool.waiting = WaitingCancels()
                peerPools[id] = nil
                continue
            }
            pool.peer = peer
            pool.size = poolSize(of: peer)
        }
    }

    func peerPoolReports() -> [PeerPoolReport] {
        peerPools.values.map { pool in
            PeerPoolReport(
                peerID: pool.peer.id, activeCancels: pool.sendingCount,
                waitingCancels: pool.waiting.count + pool.openingCount,
                cancelServers: pool.sendingCount, loginServers: pool.openingCount)
        }
    }
}
