import Testing

@testable import Pooler

@Suite struct ProgramNameTests {
    @Test(
        "The last part of argv[0] decides",
        arguments: [
            ("pgbouncer", .pgbouncer), ("/usr/sbin/pgbouncer", .pgbouncer), ("./pgvalet", .pgvalet),
            ("pgbouncer/x", .pgvalet), ("", .pgvalet), ("/", .pgvalet), ("pgbouncer2", .pgvalet),
        ] as [(String, ProgramName)])
    func name(argument: String, name: ProgramName) {
        #expect(ProgramName(argument: argument) == name)
    }

    @Test("Tools find PgBouncer's version first under its name")
    func version() {
        #expect(ProgramName.pgbouncer.versionLines.first == "PgBouncer 1.25.2")
        #expect(ProgramName.pgvalet.versionLines.first == "pgvalet 0.1.0 (compatible with PgBouncer 1.25.2)")
        #expect(ProgramName.pgvalet.versionLines.contains { $0.hasPrefix("tls: OpenSSL 3") })
        #expect(ProgramName.pgbouncer.versionLines.last == "systemd: yes")
        #expect(ProgramName.pgbouncer.processUp.hasPrefix("process up: PgBouncer 1.25.2, adns: libc, tls: "))
    }
}
