import PoolerConfig

extension Database {
    /// Parameters of the entry that go into the StartupMessage to the server, in PgBouncer's order.
    var startupParameters: [(name: String, value: String)] {
        let given = [
            ("client_encoding", clientEncoding), ("datestyle", datestyle), ("timezone", timezone),
            ("application_name", applicationName),
        ]
        return given.compactMap { name, value in value.map { (name, $0) } }
    }
}
