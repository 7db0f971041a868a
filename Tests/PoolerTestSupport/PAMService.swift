import Glibc

/// A PAM service whose questions a script answers (pam_exec): its file in /etc/pam.d, gone afterwards. Only root can install one.
public final class PAMService: Sendable {
    /// Its name.
    public let name: String
    private let home: TemporaryDirectory
    private var path: String { "/etc/pam.d/\(name)" }

    /// Whether one can be installed here.
    public static let isPossible = unsafe Account.isRoot && access("/etc/pam.d", W_OK) == 0

    private static let mark = "# A test of pgvalet has put this here.\n"

    /// The first line of a file is ours if a test left it there; somebody else's is not touched.
    public static func isTaken(_ name: String) -> Bool {
        let text = readFile("/etc/pam.d/\(name)")
        return !text.isEmpty && !text.hasPrefix(mark)
    }

    /// Lets users in for whom the script (sh) ends with 0: `$PAM_TYPE` is auth, with the password in `$password`, or account.
    public init(_ name: String, _ script: String) throws {
        self.name = name
        home = try TemporaryDirectory("pam")
        let deadline = Deadline(patience)
        // Another run of the same test may be at it.
        while unsafe access("/etc/pam.d/\(name)", F_OK) == 0, !deadline.isOver { usleep(50_000) }
        let program = try home.write("answer", "#!/bin/sh\npassword=$(tr -d '\\000')\ncd \(home.path)\n\(script)\n")
        try ChildProcess.check(["chmod", "755", program])
        try writeFile(
            path,
            """
            \(Self.mark)auth required pam_exec.so quiet expose_authtok \(program)
            account required pam_exec.so quiet \(program)

            """)
        // For the pooler, which is not root.
        try ChildProcess.check(["chmod", "644", path])
        Watchdog.shared.remove(path)
    }

    /// A file beside the script.
    public func file(_ name: String) -> String { home.file(name) }

    deinit { unsafe unlink("/etc/pam.d/\(name)") }
}
