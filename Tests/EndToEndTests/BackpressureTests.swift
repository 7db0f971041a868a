import Glibc
import PoolerTestSupport
import Testing

/// Memory stays bounded, however slow the other side is.
@Suite(.serialized) struct BackpressureTests {
    private static let limit = 64 << 20

    @Test func `a slow reader of 200 MB costs the pooler next to nothing`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let reader = try RawClient.loggedIn(pooler, receiveBuffer: 16_384)
        let bystander = try pooler.connect()
        try reader.send(.query("select repeat('x', 10000) from generate_series(1, 20000)"))
        // While it does not read at all, others are served, and what has piled up is in the kernel's buffers.
        for number in 0..<100 { #expect(try bystander.query("select \(number)").value == "\(number)") }
        var received = 0
        while let chunk = try reader.receive(1, within: patience), received < 200_000_000 {
            received += chunk.count + (try reader.receiveSome(1 << 20).count)
        }
        #expect(received >= 200_000_000)
        #expect(pooler.figures.peakMemory < Self.limit)
    }

    @Test func `one value of 100 MB passes without being held`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let reader = try RawClient.loggedIn(pooler)
        try reader.send(.query("select repeat('x', 100000000)"))
        let rows = try reader.readUntil("Z", within: .seconds(60)).filter { $0.type == "D" }
        #expect(rows.map { $0.body.count } == [100_000_006])
        #expect(pooler.figures.peakMemory < Self.limit)
    }

    @Test func `one query of 100 MB passes without being held`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try RawClient.loggedIn(pooler)
        let sql =
            Array("select length('".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 100_000_000) + cString("')")
        try client.send(WireMessage("Q", sql))
        let row = try client.readUntil("Z", within: .seconds(60)).first { $0.type == "D" }
        #expect(row?.values == ["100000000"])
        #expect(pooler.figures.peakMemory < Self.limit)
    }

    @Test func `a server that takes nothing holds back its client`() throws {
        let server = try ScriptedServer { _, channel in
            try channel.welcome()
            try channel.readUntil("Q")
            try channel.send(WireMessage("G", [0, 0, 0]))
            while try channel.receive(1 << 20) != nil {}
        }
        let pooler = try Pooler(["pool_mode": "transaction"], databases: ["app": server.address])
        let client = try RawClient.loggedIn(pooler)
        try client.send(.query("copy t from stdin"))
        try client.readUntil("G")
        let row = WireMessage("d", [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20))
        for _ in 0..<100 { try client.send(row) }
        #expect(pooler.figures.peakMemory < Self.limit)
    }

    @Test(.pgvaletOnly, arguments: [("4096", 65536), ("140000", 140_000)])
    func `pkt_buf is how much is received at once, and a restart with less keeps what was received`(
        size: String, count: Int
    ) throws {
        let pooler = try Pooler([
            "pkt_buf": size, "pool_mode": "transaction", "default_pool_size": "1", "worker_threads": "1",
        ])
        #expect(!pooler.log.contains("pkt_buf"))
        let (holder, client) = (try pooler.connect(), try RawClient(unix: pooler))
        try holder.query("begin")
        try client.logIn([("user", "app"), ("database", "app")])
        // Everything is there when it is read for the first time; then the client waits for its server.
        pooler.signal(SIGSTOP)
        try eventually { readFile("/proc/\(pooler.pid)/stat").contains(") T ") }
        try client.send(.query("select length('\(String(repeating: "x", count: 150_000))')"))
        pooler.signal(SIGCONT)
        try eventually {
            try pooler.console("SHOW SOCKETS").records.contains { $0["type"] == "C" && $0["recv_pos"] == "\(count)" }
        }
        try pooler.configure { $0.main["pkt_buf"] = "4096" }
        try pooler.takeOver()
        try holder.query("commit")
        #expect(try client.readUntil("Z").contains { $0.values == ["150000"] })
    }
}
