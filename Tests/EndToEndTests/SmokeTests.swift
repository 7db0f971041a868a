import PoolerTestSupport
import Testing

@Suite struct SmokeTests {
    @Test func `a query goes through to Postgres and its answer comes back`() throws {
        let pooler = try Pooler(["pool_mode": "transaction"])
        let client = try pooler.connect()
        #expect(try client.query("select 6 * 7").value == "42")
    }
    @Test func `crowd`() throws {
        let pooler = try Pooler(["pool_mode": "transaction", "max_client_conn": "2000", "default_pool_size": "10"])
        let crowd = try Crowd(1000, on: pooler) { c, r in r < 3 ? ("select '\(c)-\(r)'", "\(c)-\(r)") : nil }
        try crowd.run(within: .seconds(30))
        #expect(crowd.troubles == [])
        #expect(crowd.rightAnswers == 3000)
    }
}
