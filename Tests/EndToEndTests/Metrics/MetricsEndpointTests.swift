import PoolerTestSupport
import Testing

/// The endpoint of metrics_listen towards those who mean it harm, and through RELOAD.
@Suite(.pgvaletOnly) struct MetricsEndpointTests {
    @Test(arguments: [
        ("/", "GET", 200), ("/metrics?x=y", "GET", 200), ("/metrics", "HEAD", 200), ("/nothing", "GET", 404),
        ("/metrics", "POST", 405), ("/metrics", "OPTIONS", 405),
    ])
    func `requests get their answer`(path: String, method: String, status: Int) throws {
        let (pooler, port) = try MetricsTests.makePooler()
        let answer = try Scrape(port: port, path: path, method: method)
        #expect(answer.status == status)
        #expect(answer.body.isEmpty == (method == "HEAD"))
        #expect(pooler.ended == nil)
    }

    @Test(arguments: [
        ("\u{16}\u{3}\u{1}\u{2}", 400), ("\0\0\0\u{8}\u{4}", 400), ("nonsense\r\n\r\n", 400),
        ("GET /metrics HTTP/3\r\n\r\n", 505),
        ("GET /metrics HTTP/1.1\r\nA: " + String(repeating: "a", count: 9000), 431),
        ("GET /" + String(repeating: "a", count: 100_000), 431),
    ])
    func `nonsense is refused at once`(text: String, status: Int) throws {
        let (pooler, port) = try MetricsTests.makePooler()
        let socket = try ScrapeSocket()
        try socket.connect(port: port)
        try? socket.send(text)
        #expect(try Scrape(answer: socket.readToEnd()).status == status)
        #expect(try Scrape(port: port).status == 200)
        #expect(pooler.ended == nil)
    }

    @Test func `silent connections keep nobody out, and are closed`() throws {
        let (pooler, port) = try MetricsTests.makePooler()
        let before = pooler.figures.openDescriptors
        let silent = try (0..<200).map { number in
            let socket = try ScrapeSocket()
            try socket.connect(port: port)
            if number % 2 == 0 { try? socket.send("GET /met") }
            return socket
        }
        #expect(try Scrape(port: port).status == 200)
        try eventually { pooler.figures.openDescriptors <= before + 17 }
        for socket in silent { _ = try? socket.readToEnd() }
        try eventually { pooler.figures.openDescriptors <= before }
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `those who do not take their answer cost nobody anything`() throws {
        let (pooler, port) = try MetricsTests.makePooler(databases: ["*": "$server dbname=app"])
        for number in 0..<50 { try pooler.connect(database: "db\(number)").query("select 1") }
        let slow = try (0..<40).map { _ in
            let socket = try ScrapeSocket(receiveBuffer: 2048)
            try socket.connect(port: port)
            try socket.send("GET /metrics HTTP/1.1\r\n\r\n")
            return socket
        }
        let client = try pooler.connect()
        for _ in 0..<100 { #expect(try client.query("select 1").value == "1") }
        #expect(try Scrape(port: port).status == 200)
        _ = slow
    }

    @Test func `a flood of scrapes is one report a second`() throws {
        let (pooler, port) = try MetricsTests.makePooler()
        let client = try pooler.connect()
        for _ in 0..<300 { #expect(try Scrape(port: port).status == 200) }
        #expect(try client.query("select 1").value == "1")
        #expect(pooler.ended == nil)
    }

    @Test func `RELOAD moves it, and ends it`() throws {
        let (pooler, port) = try MetricsTests.makePooler()
        #expect(try Scrape(port: port).status == 200)
        let other = try FreePort.take()
        try pooler.reload { $0.main["metrics_listen"] = "127.0.0.1:\(other)" }
        try eventually { try Scrape(port: other).status == 200 }
        try eventually { (try? Scrape(port: port)) == nil }
        try pooler.reload { $0.main["metrics_listen"] = "" }
        try eventually { (try? Scrape(port: other)) == nil }
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test func `an address that is taken ends the start, and a RELOAD`() throws {
        let (first, port) = try MetricsTests.makePooler()
        #expect(throws: SystemError.self) { try Pooler(["metrics_listen": "127.0.0.1:\(port)"]) }
        let second = try Pooler()
        #expect(throws: PostgresError.self) {
            try second.reload { $0.main["metrics_listen"] = "127.0.0.1:\(port)" }
        }
        #expect(second.log.contains("metrics_listen: cannot listen on 127.0.0.1:\(port)"))
        #expect(try second.console("SHOW CONFIG").records.first { $0["key"] == "metrics_listen" }?["value"] == "")
        #expect(first.ended == nil)
    }
}
