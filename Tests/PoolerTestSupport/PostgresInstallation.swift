import Glibc
import Synchronization

/// The programs of one version of PostgreSQL.
public final class PostgresInstallation: Sendable {
    private let binaries: String
    private let made = Mutex<TemporaryDirectory?>(nil)

    private init(_ binaries: String) {
        self.binaries = binaries
    }

    /// The newest that is installed.
    public static let newest = PostgresInstallation(
        {
            let script = """
                newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n | tail -n 1)
                printf %s "${newest:-$(pg_config --bindir)}"
                """
            guard let found = try? ChildProcess.run(["sh", "-c", script]), found.ending == .exited(0) else {
                fatalError("there is no PostgreSQL server here")
            }
            return found.output
        }())

    /// PostgreSQL 17, which scripts/postgres-17 has unpacked, or which is installed; nil where it could not be had.
    public static let seventeen: PostgresInstallation? = {
        let places = ["/var/tmp/pgvalet-postgres-17-\(getuid())", ""].map { "\($0)/usr/lib/postgresql/17/bin" }
        return places.first { unsafe access("\($0)/postgres", X_OK) == 0 }.map(PostgresInstallation.init)
    }()

    /// One of its programs, which Debian keeps out of PATH.
    public func program(_ name: String) -> String { "\(binaries)/\(name)" }

    /// A cluster that new ones are copied from, since initdb takes its time.
    var template: TemporaryDirectory {
        get throws {
            try made.withLock { made in
                let template = try made ?? makeTemplate()
                made = template
                return template
            }
        }
    }

    private func makeTemplate() throws -> TemporaryDirectory {
        let template = try TemporaryDirectory("template")
        let data = template.file("data")
        try ChildProcess.check(
            Account.prefix
                + [
                    program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                    "--no-sync",
                ])
        let configuration =
            readFile("\(data)/postgresql.conf") + """
                listen_addresses = 'localhost'
                fsync = off
                full_page_writes = off
                synchronous_commit = off
                autovacuum = off
                shared_buffers = 16MB
                password_encryption = 'scram-sha-256'

                """
        try writeFile("\(data)/postgresql.conf", configuration)
        try writeFile(
            "\(data)/pg_hba.conf",
            """
            host all clear_user 127.0.0.1/32 password
            host all md5_user 127.0.0.1/32 md5
            host all scram_user 127.0.0.1/32 scram-sha-256
            host all refused_user 127.0.0.1/32 reject
            local all all trust
            host replication postgres 127.0.0.1/32 trust
            host all all 127.0.0.1/32 trust
            host all all ::1/128 trust

            """)
        try template.write("roles.sql", Self.rolesScript)
        try ChildProcess.check([
            "sh", "-c",
            "\(Account.prefix.joined(separator: " ")) \(program("postgres")) --single -D \(data) postgres <\(template.file("roles.sql"))",
        ])
        return template
    }

    /// For the single-user mode, where each line is a statement.
    private static let rolesScript = """
        create role app login
        create role clear_user login password 'secret'
        create role refused_user login
        set password_encryption = md5; create role md5_user login password 'secret'
        set password_encryption = 'scram-sha-256'; create role scram_user login password 'secret'
        create database app owner app

        """
}
