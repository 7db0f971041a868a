import Testing

@testable import PoolerConfig

@Suite("Effective settings")
struct PoolSettingsTests {
    static let text = """
        [pgbouncer]
        pool_mode = session
        default_pool_size = 10
        min_pool_size = 1
        reserve_pool_size = 2
        query_timeout = 3
        query_wait_timeout = 4
        client_idle_timeout = 5
        max_user_connections = 6
        max_db_connections = 7
        max_db_client_connections = 8
        max_user_client_connections = 9
        [databases]
        plain = host=x
        own = host=x pool_mode=transaction pool_size=20 min_pool_size=21 reserve_pool_size=22 query_wait_timeout=24 \
        max_db_connections=27 max_db_client_connections=28 server_lifetime=29
        [users]
        u = pool_mode=statement pool_size=30 reserve_pool_size=32 query_timeout=33 query_wait_timeout=34 \
        client_idle_timeout=35 max_user_connections=36 max_user_client_connections=39 transaction_timeout=37 \
        idle_transaction_timeout=38
        """

    private func pool(_ name: String, _ user: String) throws -> PoolSettings {
        let configuration = try load(Self.text)
        return configuration.poolSettings(database: try #require(configuration.database(named: name)), user: user)
    }

    private func client(_ name: String, _ user: String) throws -> ClientSettings {
        let configuration = try load(Self.text)
        return configuration.clientSettings(database: try #require(configuration.database(named: name)), user: user)
    }

    @Test func `The global settings hold where nothing else is said`() throws {
        let pool = try pool("plain", "someone")
        #expect(pool.poolMode == .session)
        #expect(pool.poolSize == 10)
        #expect(pool.minPoolSize == 1)
        #expect(pool.reservePoolSize == 2)
        #expect(pool.queryTimeout == .seconds(3))
        #expect(pool.maxUserConnections == 6)
        #expect(pool.maxDbConnections == 7)
        #expect(pool.serverLifetime == .seconds(3600))
        #expect(pool.serverIdleTimeout == .seconds(600))
        #expect(pool.maxPinned == 5)
        let client = try client("plain", "someone")
        #expect(client.queryWaitTimeout == .seconds(4))
        #expect(client.clientIdleTimeout == .seconds(5))
        #expect(client.maxDbClientConnections == 8)
        #expect(client.maxUserClientConnections == 9)
    }

    @Test func `A database beats the global settings`() throws {
        let pool = try pool("own", "someone")
        #expect(pool.poolMode == .transaction)
        #expect(pool.poolSize == 20)
        #expect(pool.minPoolSize == 21)
        #expect(pool.reservePoolSize == 22)
        #expect(pool.maxDbConnections == 27)
        #expect(pool.serverLifetime == .seconds(29))
        let client = try client("own", "someone")
        #expect(client.queryWaitTimeout == .seconds(24))
        #expect(client.maxDbClientConnections == 28)
    }

    @Test func `A user beats the database`() throws {
        let pool = try pool("own", "u")
        #expect(pool.poolMode == .statement)
        #expect(pool.poolSize == 30)
        #expect(pool.minPoolSize == 21)
        #expect(pool.reservePoolSize == 32)
        #expect(pool.queryTimeout == .seconds(33))
        #expect(pool.maxUserConnections == 36)
        #expect(pool.transactionTimeout == .seconds(37))
        #expect(pool.idleTransactionTimeout == .seconds(38))
        let client = try client("own", "u")
        #expect(client.queryWaitTimeout == .seconds(34))
        #expect(client.clientIdleTimeout == .seconds(35))
        #expect(client.maxUserClientConnections == 39)
    }

    @Test(arguments: [(20, -1, 10), (1, -1, 1), (5, -1, 3), (0, -1, Int.max), (20, 0, 0), (20, 7, 7)])
    func `Half of a pool may be pinned, rounded up`(size: Int, setting: Int, limit: Int) throws {
        let configuration = try load("[pgbouncer]\ndefault_pool_size=\(size)\nmax_pinned=\(setting)\n[databases]\na=")
        let database = try #require(configuration.databases["a"])
        #expect(configuration.poolSettings(database: database, user: "u").maxPinned == limit)
    }

    @Test func `Negative limits are none`() throws {
        let configuration = try load(
            "[pgbouncer]\ndefault_pool_size=-3\nmax_db_connections=-1\nmin_pool_size=-1\nmax_user_connections=-9\n[databases]\na="
        )
        let database = try #require(configuration.databases["a"])
        let pool = configuration.poolSettings(database: database, user: "u")
        #expect([pool.poolSize, pool.maxDbConnections, pool.minPoolSize, pool.maxUserConnections] == [0, 0, 0, 0])
    }
}
