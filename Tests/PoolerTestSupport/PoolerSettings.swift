/// What a pooler's ini and auth_file are made of.
public struct PoolerSettings: Sendable {
    /// Section [pgbouncer].
    public var main: [String: String] = [
        "listen_addr": "127.0.0.1", "auth_type": "trust", "admin_users": "admin", "stats_users": "stats",
        "server_login_retry": "1",
    ]
    /// Section [databases]; `$server` in a value stands for the address of Postgres.
    public var databases = ["*": "$server"]
    /// Section [users].
    public var users: [String: String] = [:]
    /// Section [peers].
    public var peers: [String: String] = [:]
    /// The auth_file: secrets by user.
    public var secrets = [
        "app": "app-secret", "admin": "admin-secret", "stats": "stats-secret", "postgres": "pg-secret",
    ]
    /// Other files beside the ini, by name; `$directory` in values of the ini stands for where they are.
    public var files: [String: String] = [:]
    /// The whole ini, where a test wants its own words; `$port` stands for the pooler's port.
    public var text: String?
    private var directory = ""
    private var server = ""
    private var port = ""

    /// The defaults: trust, every database of the server, console users `admin` and `stats`.
    public init() {}

    /// Fills in what only the harness knows.
    mutating func place(in directory: String, port: Int, server: Int) {
        self.directory = directory
        self.port = "\(port)"
        self.server = "host=127.0.0.1 port=\(server)"
        let own = ["listen_port": "\(port)", "unix_socket_dir": directory, "auth_file": "\(directory)/users.txt"]
        main.merge(own) { given, _ in given }
        if Account.isRoot { main.merge(["user": "postgres"]) { given, _ in given } }
    }

    /// The text of the ini.
    public var ini: String {
        let text =
            text ?? section("databases", databases) + section("users", users) + section("pgbouncer", main)
            + (peers.isEmpty ? "" : section("peers", peers))
        return text.replacing("$server", with: server).replacing("$port", with: port).replacing(
            "$directory", with: directory)
    }

    /// Passwords and other secrets of the files, each as written; of a SCRAM secret its parts too.
    var allSecrets: [String] {
        let passwords = databases.values.flatMap { text in
            text.split(separator: "password=").dropFirst().compactMap { rest in
                rest.split { $0 == " " || $0 == "'" }.first.map(String.init)
            }
        }
        let parts = secrets.values.filter { $0.hasPrefix("SCRAM-SHA-256$") }
            .flatMap { $0.split { "$:".contains($0) }.dropFirst(2).map(String.init) }
        return Array(secrets.values) + passwords + parts
    }

    /// The text of the auth_file.
    public var authFile: String {
        secrets.sorted { $0.key < $1.key }.map { "\"\($0.key)\" \"\($0.value)\"\n" }.joined()
    }

    private func section(_ name: String, _ entries: [String: String]) -> String {
        "[\(name)]\n" + entries.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
    }
}
