/// Where the secret of a user who is not in `auth_file` is looked up: a query that `auth_user` runs.
public struct AuthQuery: Sendable, Equatable {
    /// The entry of [databases] in which it runs.
    public var database: Database
    /// Who runs it.
    public var user: String
    /// The query; `$1` is the name of the one who logs in.
    public var sql: String
}

/// What there is to look users up with.
public enum AuthQueryChoice: Sendable, Equatable {
    /// No `auth_user`, or no database to run it in.
    case none
    /// `auth_dbname` names a database that there is not.
    case missingDatabase(String)
    /// This query.
    case query(AuthQuery)
}

extension Configuration {
    /// Whether users may be known to servers alone.
    public var looksUpUsers: Bool {
        settings.authUser != nil || allDatabases.contains { $0.authUser != nil }
    }

    /// How to look up the users of a database, which need not exist; for the console, only where there is an `auth_dbname`.
    public func authQuery(forDatabase name: String) -> AuthQueryChoice {
        let requested = database(named: name)
        guard let user = requested?.authUser ?? settings.authUser, !user.isEmpty else { return .none }
        let sql = requested?.authQuery ?? settings.authQuery
        guard !sql.isEmpty else { return .none }
        let database: Database
        if let other = requested?.authDbname ?? settings.authDbname {
            guard let found = self.database(named: other) else { return .missingDatabase(other) }
            database = found
        } else if let requested {
            database = requested
        } else {
            return .none
        }
        return .query(AuthQuery(database: database, user: user, sql: sql))
    }
}
