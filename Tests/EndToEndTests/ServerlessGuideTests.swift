import PoolerTestSupport
import Testing

/// The ini that guides for serverless functions print must run as it stands, inline comment and all.
@Suite struct ServerlessGuideTests {
    @Test(.pgvaletOnly) func `the guide's file runs`() throws {
        let home = try TemporaryDirectory("guide")
        try home.write("users.txt", "\"myuser\" \"mypass\"\n\"admin\" \"x\"\n")
        var settings = PoolerSettings()
        settings.text = """
            [databases]
            mydb = $server dbname=app user=md5_user password=secret
            [pgbouncer]
            listen_addr = 0.0.0.0
            listen_port = $port
            auth_type = md5
            auth_file = \(home.file("users.txt"))
            pool_mode = session ; or transaction, statement
            default_pool_size = 20
            max_client_conn = 1000
            reserve_pool_size = 5
            reserve_pool_timeout = 5.0
            server_idle_timeout = 60.0
            server_reset_query = DISCARD ALL
            unix_socket_dir = \(home.path)

            """
        let pooler = try Pooler(settings, arguments: Account.isRoot ? ["-u", "postgres"] : [])
        let client = try pooler.connect(user: "myuser", database: "mydb", ["password": "mypass"])
        #expect(try client.query("select current_user || '@' || current_database()").value == "md5_user@app")
        #expect(throws: PostgresError.notAuthenticated("password authentication failed")) {
            try pooler.connect(user: "myuser", database: "mydb", ["password": "other"])
        }
    }
}
