import Glibc

/// Under which account we run.
enum Privileges {
    /// Switches for good to the account called `user`: its groups, group and user, in the order that leaves nothing of
    /// root behind. Nothing happens if we are that user already.
    static func assume(user: String) throws(StartError) {
        let account = try Account(named: user)
        if getuid() == account.user, geteuid() == account.user { return }
        if unsafe initgroups(user, account.group) != 0 || setgid(account.group) != 0 || setuid(account.user) != 0 {
            throw .cannotAssumeUser(user, .last)
        }
        // Nothing must be able to bring root back.
        if account.user != 0, setuid(0) == 0 { throw .cannotAssumeUser(user, Errno(code: EPERM)) }
    }

    /// A pooler has no need for root's rights, so it does not run with them.
    static func refuseRoot(program: ProgramName) throws(StartError) {
        if geteuid() == 0 { throw .runsAsRoot(program) }
    }
}

private struct Account {
    var user: uid_t
    var group: gid_t

    /// Asks the system's account database, whose lines have no bound of their own; 1 MiB is enough for any.
    init(named name: String) throws(StartError) {
        var size = 1024
        while size <= 1 << 20 {
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            var buffer = [CChar](repeating: 0, count: size)
            let code = unsafe getpwnam_r(name, &entry, &buffer, size, &found)
            if code == ERANGE {
                size *= 4
                continue
            }
            guard code == 0, unsafe found != nil else { break }
            user = unsafe entry.pw_uid
            group = unsafe entry.pw_gid
            return
        }
        throw .unknownUser(name)
    }
}
