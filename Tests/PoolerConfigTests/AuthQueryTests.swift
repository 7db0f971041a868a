import Testing

@testable import PoolerConfig

@Suite struct AuthQueryChoiceTests {
    private static func choice(_ ini: String, _ database: String) throws -> String {
        switch try load(ini).authQuery(forDatabase: database) {
        case .none: return "none"
        case .missingDatabase(let name): return "missing \(name)"
        case .query(let query): return "\(query.user) in \(query.database.name): \(query.sql.prefix(8))"
        }
    }

    @Test(
        arguments: [
            ("", "a", "none"),
            ("auth_user = u", "a", "u in a: SELECT r"),
            ("auth_user = u\nauth_query = mine", "a", "u in a: mine"),
            ("auth_user = u", "b", "own in a: own"),
            ("auth_user = u\nauth_dbname = b", "a", "u in b: SELECT r"),
            ("auth_user = u\nauth_dbname = gone", "a", "missing gone"),
            ("auth_user = u", "gone", "none"),
            ("auth_user = u\nauth_dbname = a", "gone", "u in a: SELECT r"),
            ("auth_user = u", "pgbouncer", "none"),
            ("auth_user = u\nauth_dbname = a", "pgbouncer", "u in a: SELECT r"),
        ])
    func `Who looks up users, and where`(_ settings: String, _ database: String, _ expected: String) throws {
        let ini = """
            [databases]
            a = host=x
            b = host=x auth_user=own auth_query='own' auth_dbname=a
            [pgbouncer]
            \(settings)
            """
        #expect(try Self.choice(ini, database) == expected)
    }
}
