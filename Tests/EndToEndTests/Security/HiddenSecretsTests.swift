import PoolerTestSupport
import Testing

/// No secret is shown, logged or counted anywhere.
@Suite(.pgvaletOnly) struct HiddenSecretsTests {
    /// Every place that secrets come from, with a word that can be found again.
    private static func pooler(metricsPort: Int) throws -> Pooler {
        var settings = PoolerSettings()
        settings.main.merge([
            "auth_type": "hba", "auth_hba_file": "$directory/hba", "auth_user": "looker", "verbose": "3",
            "auth_query": "select $1, 'hush-of-query'",
            "auth_ldap_options": "ldapserver=x ldapbasedn=dc=x ldapbinddn=cn=x ldapbindpasswd=hush-of-ldap",
            "log_connections": "1", "log_disconnections": "1", "auth_failure_limit": "0",
            "metrics_listen": "127.0.0.1:\(metricsPort)",
        ]) { $1 }
        settings.databases = [
            "*": "$server", "forced": "$server dbname=app user=app password=hush-of-database",
            "nowhere": "host=127.0.0.1 port=1 user=x password='hush-of-nowhere'",
            "printed": "$server dbname=app user=app password_command='echo hush-of-program'",
        ]
        settings.secrets = [
            "admin": "hush-of-admin", "looker": "hush-of-looker", "scram_user": "hush-of-file",
            "postgres": "hush-of-pg",
        ]
        settings.files["hba"] = """
            host pgbouncer all all scram-sha-256
            host all postgres all md5
            host all all all password
            """
        return try Pooler(settings)
    }

    @Test func `secrets are in no SHOW, no log, no error and no metric`() throws {
        let port = try FreePort.take()
        let pooler = try Self.pooler(metricsPort: port)
        var told: [String] = []
        func logIn(_ user: String, _ database: String, _ password: String) {
            do {
                let client = try pooler.connect(user: user, database: database, ["password": password])
                told.append(try client.query("select current_user").value ?? "")
            } catch { told.append("\(error)") }
        }
        try Postgres.shared.query(
            "do $$ begin create role looker login superuser; exception when others then null; end $$")
        logIn("app", "app", "hush-of-query")
        logIn("app", "forced", "hush-of-query")
        logIn("app", "printed", "hush-of-query")
        logIn("postgres", "app", "hush-of-pg")
        logIn("postgres", "app", "hush-but-wrong")
        logIn("scram_user", "app", "hush-of-file")
        #expect(told[0] == "app" && told[2] == "app" && told[3] == "postgres", "\(told)")
        let console = try pooler.connect(user: "admin", database: "pgbouncer", ["password": "hush-of-admin"])
        for (command, isForAdmins) in ConsoleRoleTests.commands where !isForAdmins {
            let result = try console.query(command)
            told += result.rows.flatMap { $0.map { $0 ?? "" } }
        }
        let metrics = try Scrape(port: port)
        #expect(metrics.status == 200 && !metrics.body.isEmpty)
        told.append(metrics.body)
        try console.query(
            "SET auth_ldap_options = 'ldapserver=x ldapbasedn=dc=x ldapbinddn=cn=x ldapbindpasswd=hush-of-set'")
        told += try console.query("SHOW CONFIG").rows.filter { $0.first == "auth_ldap_options" }.flatMap {
            $0.map { $0 ?? "" }
        }
        for text in [
            "[pgbouncer]\nauth_ldap_options = ldapserver=x ldapbindpasswd=\"hush-of-typo\n",
            "[databases]\nx = password=hush-of-typo nonsense\n",
        ] {
            try pooler.writeIni(text)
            do { try console.query("RELOAD") } catch { told.append("\(error)") }
        }
        told += console.notices.map { "\($0)" }
        told.append(pooler.log)
        let allowed = ["hush-of-query"]
        for text in told {
            for line in text.split(separator: "\n") where line.contains("hush-") {
                // The query is a setting, which SHOW CONFIG shows; what it returns is the secret, and no test of ours.
                let rest = allowed.reduce(String(line)) { $0.replacing($1, with: "") }
                #expect(!rest.contains("hush-"), "\(line)")
            }
        }
        // The words of clients' SCRAM proofs and of the servers' secrets.
        #expect(!pooler.log.contains("SCRAM-SHA-256$"))
    }
}
