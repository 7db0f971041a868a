import Glibc

/// Who runs Postgres and the pooler: `postgres` when the tests run as root, which neither server accepts, else ourselves.
public enum Account {
    /// True when the tests run as root.
    public static let isRoot = getuid() == 0

    /// What to put before a command so that it runs as that account. setpriv(1) replaces itself, so the pid stays.
    public static var prefix: [String] {
        isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : []
    }

    /// Makes the account own a file.
    static func give(_ path: String) throws {
        guard isRoot else { return }
        try checked("chown \(path)") { unsafe chown(path, ids.user, ids.group) }
    }

    private static let ids: (user: uid_t, group: gid_t) = {
        guard let entry = unsafe getpwnam("postgres") else { fatalError("there is no account postgres") }
        return unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid)
    }()
}
