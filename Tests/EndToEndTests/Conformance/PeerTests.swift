import Glibc
import PoolerTestSupport
import Testing

/// Several processes that stand for one: a cancel request may come to any of them, and finds its client ([peers]).
@Suite(.since(21)) struct PeerTests {
    private static let canceled = PostgresError("ERROR", "57014", "canceling statement due to user request")

    private static func makePooler(
        _ id: Int, peers: [String: String] = [:], _ settings: [String: String] = [:], secrets: [String: String] = [:]
    ) throws -> Pooler {
        var all = PoolerSettings()
        all.main.merge(["peer_id": "\(id)", "pool_mode": "transaction"].merging(settings) { $1 }) { $1 }
        all.secrets.merge(secrets) { $1 }
        all.peers = peers
        return try Pooler(all)
    }

    /// A key of a process's client with so many hops left.
    private static func key(peer: Int, hops: UInt8 = 3) -> [UInt8] {
        [1, UInt8(peer & 0xff), UInt8(peer >> 8), 4, 5, 6, 7, 8 | hops]
    }

    /// Sends a cancel request and leaves the connection as it is.
    private static func send(_ key: [UInt8], to pooler: Pooler) throws -> RawClient {
        let sender = try RawClient(pooler)
        try sender.send(untyped(RequestCode.cancel, key))
        return sender
    }

    @Test func `a cancel that comes to another process ends its client's query`() throws {
        let role = try Postgres.shared.makeRole()
        let owner = try Self.makePooler(300, secrets: [role: "x"])
        let other = try Self.makePooler(2, peers: ["300": "host=127.0.0.1 port=\(owner.port)", "2": "host=nowhere"])
        let byFile = try Self.makePooler(3, peers: ["300": "host=\(owner.directory) port=\(owner.port)"])
        for pooler in [owner, other, byFile] {
            let client = try RawClient.loggedIn(owner, user: role)
            try client.send(.query("select pg_sleep(60)"))
            try eventually { try Postgres.shared.sleepingBackends(of: role) == 1 }
            let sender = try Self.send(client.cancelKey, to: pooler)
            #expect(try sender.isClosed())
            let error = try client.readUntil("Z").first { $0.type == "E" }?.error
            #expect(error == Self.canceled)
        }
        #expect(try other.console("SHOW PEER_POOLS").rows == [["300", "0", "0", "0", "0"]])
    }

    @Test func `a key names its process, and leaves room for three hops`() throws {
        let client = try RawClient.loggedIn(try Self.makePooler(0x1234))
        #expect(client.cancelKey[0] & 0x80 == 0)
        #expect(client.cancelKey[1...2] == [0x34, 0x12])
        #expect(client.cancelKey[7] & 3 == 3)
    }

    @Test func `SHOW PEERS lists the section, SHOW PEER_POOLS what has been forwarded to`() throws {
        let peers = ["2": "host=127.0.0.1 port=1234 pool_size=7", "3": "host=a,b"]
        let pooler = try Self.makePooler(1, peers: peers, ["default_pool_size": "9"])
        #expect(
            try pooler.console("SHOW PEERS").rows == [["2", "127.0.0.1", "1234", "7"], ["3", "a,b", "6432", "9"]])
        #expect(try pooler.console("SHOW PEER_POOLS").rows == [])
        let lists = try pooler.console("SHOW LISTS").rows
        #expect(lists.contains(["peers", "2"]) && lists.contains(["peer_pools", "0"]))
    }

    @Test func `what is forwarded has one hop less, and its sender waits until the peer is done`() throws {
        let packets = Shared<[[UInt8]]>([])
        let release = Shared(false)
        let peer = try ScriptedServer { _, channel in
            guard let packet = try channel.receive(16) else { return }
            packets.update { $0.append(packet) }
            while !release.value { usleep(10_000) }
        }
        let pooler = try Self.makePooler(1, peers: ["9": "\(peer.address) pool_size=1"])
        let senders = try (0..<2).map { _ in try Self.send(Self.key(peer: 9), to: pooler) }
        try eventually { try pooler.console("SHOW PEER_POOLS").rows == [["9", "1", "1", "1", "0"]] }
        #expect(try pooler.console("SHOW CLIENTS").records.count { $0["state"] == "active_cancel_req" } == 2)
        try eventually { packets.value == [untyped(RequestCode.cancel, Self.key(peer: 9, hops: 2))] }
        release.set(true)
        for sender in senders { #expect(try sender.isClosed()) }
        #expect(packets.value.count == 2)
        try eventually { try pooler.console("SHOW PEER_POOLS").rows == [["9", "0", "0", "0", "0"]] }
        if Pooler.isPgvalet { #expect(pooler.log.contains("closing because: successfully sent cancel request")) }
    }

    @Test func `requests for nobody, or passed on too often, are dropped without a word`() throws {
        let peer = try ScriptedServer { _, channel in _ = try channel.receive(16) }
        let pooler = try Self.makePooler(1, peers: ["9": peer.address])
        for key in [Self.key(peer: 9, hops: 0), Self.key(peer: 8), Self.key(peer: 1), Self.key(peer: 0)] {
            #expect(try Self.send(key, to: pooler).isClosed())
        }
        #expect(peer.connections == 0)
        if Pooler.isPgvalet { #expect(pooler.log.contains("closing because: failed cancel request")) }
        #expect(pooler.log.contains("closing because: could not find peer to forward request to"))
        // One whose way leads back to where it came from comes to an end.
        let looped = try Self.makePooler(1)
        try looped.reload { $0.peers = ["5": "host=127.0.0.1 port=\(looped.port)"] }
        #expect(try Self.send(Self.key(peer: 5), to: looped).isClosed())
    }

    @Test(.pgvaletOnly) func `a peer that is away is tried again, until cancel_wait_timeout`() throws {
        let port = try FreePort.take()
        let peers = ["9": "host=127.0.0.1 port=\(port)"]
        let patient = try Self.makePooler(1, peers: peers, ["server_login_retry": "0.1"])
        let sender = try Self.send(Self.key(peer: 9), to: patient)
        try eventually { patient.log.contains("peer-9: cannot forward a cancel request: connect failed") }
        let late = try ScriptedServer(port: port) { _, channel in _ = try channel.receive(16) }
        #expect(try sender.isClosed())
        #expect(late.connections == 1)

        let hasty = try Self.makePooler(1, peers: ["9": "host=127.0.0.1 port=1"], ["cancel_wait_timeout": "0.5"])
        #expect(try Self.send(Self.key(peer: 9), to: hasty).isClosed())
    }

    @Test(.pgvaletOnly) func `pool_size 0 lets none through, and a peer that is removed takes its requests along`()
        throws
    {
        let peer = try ScriptedServer { _, channel in _ = try channel.receive(16) }
        let pooler = try Self.makePooler(1, peers: ["9": "\(peer.address) pool_size=0"])
        let sender = try Self.send(Self.key(peer: 9), to: pooler)
        try eventually { try pooler.console("SHOW PEER_POOLS").rows == [["9", "0", "1", "0", "0"]] }
        try pooler.reload { $0.peers = [:] }
        #expect(try sender.isClosed())
        #expect(try pooler.console("SHOW PEER_POOLS").rows == [])
        #expect(peer.connections == 0)
    }

    @Test func `without peer_id every key is our own`() throws {
        let peer = try ScriptedServer { _, channel in _ = try channel.receive(16) }
        let pooler = try Self.makePooler(0, peers: ["9": peer.address])
        #expect(try Self.send(Self.key(peer: 9), to: pooler).isClosed())
        #expect(peer.connections == 0)
    }
}
