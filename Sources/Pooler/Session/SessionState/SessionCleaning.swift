/// The SQL that takes from a server's session what its client has left there, and no more.
enum SessionCleaning {
    /// Nil where there is nothing to do.
    static func query(for kinds: SessionEffects.Kinds) -> String? {
        var statements: [String] = []
        if !kinds.isDisjoint(with: .resettable) {
            // RESET ALL leaves the role.
            statements += ["RESET ROLE", "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL"]
        }
        if kinds.contains(.listen) { statements.append("UNLISTEN *") }
        if kinds.contains(.cursor) { statements.append("CLOSE ALL") }
        if kinds.contains(.advisoryLock) { statements.append("SELECT pg_catalog.pg_advisory_unlock_all()") }
        if kinds.contains(.statement) { statements.append("DEALLOCATE ALL") }
        if kinds.contains(.temporary) { statements.append("DISCARD TEMP") }
        if kinds.contains(.slot) {
            statements.append(
                """
                SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots \
                WHERE temporary AND active_pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
                """)
        }
        return statements.isEmpty ? nil : statements.joined(separator: "; ")
    }
}
