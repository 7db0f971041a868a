import Testing

@testable import PoolerConfig

@Suite("Host and port")
struct HostAndPortTests {
    @Test(arguments: [
        ("127.0.0.1:9127", "127.0.0.1", 9127), ("localhost:1", "localhost", 1), ("*:65535", "*", 65535),
        ("[::1]:9127", "::1", 9127), ("[::]:80", "::", 80), ("a-b.example:0080", "a-b.example", 80),
    ])
    func `What is of the form`(text: String, host: String, port: Int) throws {
        let place = try #require(HostAndPort(text))
        #expect(place.host == host)
        #expect(place.port == port)
        #expect(HostAndPort(place.description) == place)
    }

    @Test(arguments: [
        "9127", "localhost", ":9127", "localhost:", "localhost:0", "localhost:65536", "localhost:-1", "localhost:+1",
        "::1:9127", "[::1]", "[]:1", "[localhost]:1", "a b:1", "/tmp/x:1", "http://x:1", "localhost:1x", "hé:1",
    ])
    func `What is not`(text: String) {
        #expect(HostAndPort(text) == nil)
        #expect(
            problem("[pgbouncer]\nmetrics_listen = \(text)\n")?.hasPrefix("main.ini:2: metrics_listen: found ") == true)
    }

    @Test func `Nothing is no endpoint`() throws {
        #expect(try load("[pgbouncer]\nmetrics_listen =\n").settings.metricsListen == nil)
    }
}
