/// One process may have more workers than the other.
extension WorkerRecord {
    /// Which of so many workers takes over what: as it was where there are as many as before, else everybody is dealt out evenly.
    static func dealt(_ records: [WorkerRecord], among count: Int) -> [(worker: Int, record: WorkerRecord)] {
        if records.count == count { return records.enumerated().map { ($0.offset, $0.element) } }
        var dealt: [(worker: Int, record: WorkerRecord)] = []
        var first = 0
        for record in records {
            for (offset, part) in record.parts(count).enumerated() { dealt.append(((first + offset) % count, part)) }
            first += record.clients.count
        }
        return dealt
    }

    /// So many records that are this one together, each with the places that it needs. What is counted is in the first, in which
    /// all pools are.
    private func parts(_ count: Int) -> [WorkerRecord] {
        guard count > 1 else { return [self] }
        var parts = [self] + Array(repeating: WorkerRecord(), count: count - 1)
        parts[0].clients = []
        parts[0].idleServers = []
        for (index, client) in clients.enumerated() { parts[index % count].clients.append(client) }
        for (index, server) in idleServers.enumerated() { parts[index % count].idleServers.append(server) }
        for index in parts.indices.dropFirst() {
            parts[index].statements = statements
            parts[index].takePools(from: pools)
        }
        return parts
    }

    /// Takes those pools that somebody here is in, as they are counted elsewhere.
    private mutating func takePools(from all: [PoolRecord]) {
        var taken: [PoolRecord] = []
        var places: [Int: Int] = [:]
        func move(_ place: inout Int) {
            if let known = places[place] {
                place = known
                return
            }
            var pool = all[place]
            pool.counters = CountersRecord()
            (pool.pinsMade, pool.pinsRefused) = (0, 0)
            places[place] = taken.count
            place = taken.count
            taken.append(pool)
        }
        for index in idleServers.indices { move(&idleServers[index].pool) }
        for index in clients.indices {
            switch clients[index].stage {
            case .connected, .adminConsole, .statsConsole: break
            case .session, .welcomeWait: move(&clients[index].pool)
            }
            guard var server = clients[index].server else { continue }
            move(&server.pool)
            clients[index].server = server
        }
        pools = taken
    }
}
