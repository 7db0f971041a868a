import Glibc
import PoolerTestSupport
import Testing

/// A takeover that comes to nothing leaves the old process as it was.
@Suite(.pgvaletOnly) struct TakeoverFailureTests {
    /// A pooler with a client in a transaction, one that waits, and one that is idle.
    private struct Scene {
        let pooler: Pooler
        let (open, waiting, idle): (Connection, Connection, Connection)
        let server: Int

        init(_ more: [String: String] = [:]) throws {
            let own = ["pool_mode": "transaction", "default_pool_size": "1", "worker_threads": "2"]
            pooler = try Pooler(own.merging(more) { $1 })
            (open, waiting, idle) = (try pooler.connect(), try pooler.connect(), try pooler.connect())
            try idle.query("select 1")
            try open.query("begin")
            server = try open.serverPID()
            try waiting.send("select 'waited'")
            try eventually { [pooler] in try pooler.pool()["cl_waiting"] == "1" }
        }

        /// Everything goes on in the process that was there first.
        func expectUntouched(_ comment: Comment? = nil) throws {
            #expect(pooler.ended == nil, comment)
            #expect(try open.serverPID() == server, comment)
            try open.query("commit")
            #expect(try waiting.lastResult().value == "waited", comment)
            #expect(try idle.query("select 2").value == "2", comment)
            #expect(try pooler.connect().query("select 3").value == "3", comment)
        }

        /// A console client that will ask for everything.
        func taker() throws -> RawClient {
            let taker = try RawClient(unix: pooler)
            try taker.logIn([("user", "admin"), ("database", "pgbouncer")])
            return taker
        }
    }

    /// How far the other process comes before it ends.
    enum End: String, CaseIterable {
        case atOnce, afterTheHead, inTheMiddle, afterEverything, inWords, silent, nonsense
        case afterReady, afterGo, silentAfterGo
    }

    @Test(arguments: End.allCases) func `the new process ends at some point`(end: End) throws {
        let scene = try Scene(["suspend_timeout": "1"])
        let taker = try scene.taker()
        try taker.send(.query("TAKEOVER 3"))
        switch end {
        case .atOnce:
            taker.close()
            try scene.expectUntouched()
            return
        case .afterTheHead: _ = try taker.receive(25)
        case .inTheMiddle: _ = try taker.receive(60)
        case .afterEverything: _ = try taker.receive(500)
        case .inWords:
            _ = try taker.receive(500)
            try taker.send(WireMessage("A", Array("cannot bind".utf8)))
            try eventually { scene.pooler.log.contains("says: cannot bind") }
        case .silent:
            try eventually { scene.pooler.log.contains("did not answer in time") }
        case .nonsense:
            _ = try taker.receive(500)
            try taker.send(WireMessage("Z", [1, 2, 3]))
        case .afterReady:
            try taker.receiveOffer()
            try taker.send(.ready(getpid()))
        case .afterGo:
            try taker.receiveOffer()
            try taker.send(.ready(getpid()))
            #expect(try taker.read()?.type == "G")
        case .silentAfterGo:
            try taker.receiveOffer()
            try taker.send(.ready(getpid()))
            #expect(try taker.read()?.type == "G")
            try eventually { scene.pooler.log.contains("did not answer in time") }
            // Too late to say that it has everything: it is told so, and why.
            #expect(throws: (any Error).self) { try taker.send(WireMessage("Y")) }
            #expect(try taker.read()?.type == "A")
        }
        taker.close()
        try eventually { scene.pooler.log.contains("the takeover failed, this process goes on") }
        try scene.expectUntouched("\(end)")
        // And another one can still take over.
        let old = try scene.pooler.takeOver()
        #expect(try old.wait() == .exited(0))
        #expect(try scene.idle.query("select 4").value == "4")
    }

    @Test func `a new process that is too slow learns that it is too late`() throws {
        let scene = try Scene(["suspend_timeout": "1"])
        // A login that has begun holds the hand-over up for a moment, in which the new process can be stopped.
        let login = try RawClient(scene.pooler)
        try login.send([0, 0, 0, 8, 4, 210, 22, 47] as [UInt8])
        let new = try scene.pooler.startSuccessor()
        try eventually { scene.pooler.log.contains("another process wants to take over") }
        #expect(new.signal(SIGSTOP))
        try eventually { scene.pooler.log.contains("the takeover failed, this process goes on") }
        #expect(new.signal(SIGCONT))
        #expect(try new.wait() == .exited(1))
        try scene.expectUntouched()
    }

    @Test func `a new process that can have no thread leaves everything as it is`() throws {
        let scene = try Scene()
        #expect(try scene.pooler.startSuccessor(wrapper: ["prlimit", "--nproc=1"]).wait() == .exited(1))
        try eventually {
            scene.pooler.log.contains(
                "the other process says: cannot start a worker thread: Resource temporarily unavailable")
        }
        try scene.expectUntouched()
    }

    @Test func `whoever is told to quit meanwhile leaves the socket's file to the other process`() throws {
        let scene = try Scene()
        let taker = try scene.taker()
        try taker.send(.query("TAKEOVER 3"))
        _ = try taker.receive(500)
        scene.pooler.signal(SIGQUIT)
        #expect(try scene.pooler.wait() == .exited(0))
        #expect(unsafe access("\(scene.pooler.directory)/.s.PGSQL.\(scene.pooler.port)", F_OK) == 0)
        // It is nobody's now, and in no one's way.
        let next = try scene.pooler.startSuccessor()
        defer { next.stop() }
        try eventually { scene.pooler.log.contains("[\(next.pid)] LOG process up") }
        #expect(try scene.pooler.connect(["host": scene.pooler.directory]).query("select 1").value == "1")
    }

    @Test func `an address that cannot be had leaves the old ones as they are`() throws {
        let scene = try Scene()
        try scene.pooler.writeIni(
            scene.pooler.ini.replacing("listen_addr = 127.0.0.1", with: "listen_addr = 127.0.0.1, 0.0.0.0"))
        #expect(try scene.pooler.startSuccessor().wait() == .exited(1))
        try scene.expectUntouched()
    }

    @Test func `a configuration that cannot be used`() throws {
        let scene = try Scene()
        let ini = scene.pooler.ini
        try scene.pooler.writeIni(ini + "nonsense = 1\n")
        #expect(try scene.pooler.startSuccessor().wait() == .exited(1))
        // This one is found only after everything has been offered: the port is taken.
        let other = try Pooler()
        try scene.pooler.writeIni(ini + "metrics_listen = 127.0.0.1:\(other.port)\n")
        #expect(try scene.pooler.startSuccessor().wait() == .exited(1))
        try eventually { scene.pooler.log.contains("the takeover failed, this process goes on") }
        #expect(scene.pooler.log.contains("says: metrics_listen: cannot listen on"))
        try scene.expectUntouched()
    }

    @Test func `another version, another account, another way in`() throws {
        let scene = try Scene()
        let taker = try scene.taker()
        try taker.send(.query("TAKEOVER 99"))
        #expect(
            try taker.readUntil("Z").first?.error
                == PostgresError("ERROR", "0A000", "the running process speaks version 3 of the hand-over, not 99"))
        // Over TCP nobody gets descriptors, whoever it is.
        let console = try scene.pooler.connect(user: "admin", database: "pgbouncer")
        #expect(
            throws: PostgresError(
                "ERROR", "42501", "only a process of the same account may take over, over the Unix socket")
        ) {
            try console.query("TAKEOVER 3")
        }
        #expect(throws: PostgresError.console("admin access needed")) {
            try scene.pooler.console("TAKEOVER 3", user: "stats")
        }
        #expect(throws: PostgresError.self) { try console.query("TAKEOVER") }
        #expect(throws: PostgresError.self) { try console.query("TAKEOVER one") }
        try scene.expectUntouched()
    }

    @Test(.enabled(if: Account.isRoot)) func `an account other than its own gets nothing`() throws {
        let pooler = try Pooler(["unix_socket_dir": "@pgvalet-test-\(getpid())"])
        let script = #"""
            use Socket; use POSIX (); POSIX::setgid(65534); POSIX::setuid(65534);
            socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack("Sa*", AF_UNIX, "\0" . $ARGV[0])) or die "connect: $!";
            my $startup = pack("N", 3 << 16) . "user\0admin\0database\0pgbouncer\0\0";
            syswrite($s, pack("N", 4 + length $startup) . $startup);
            my $in = ""; while ($in !~ /Z\x00\x00\x00\x05I/) { sysread($s, $in, 4096, length $in) or die "end: $in" }
            my $query = "TAKEOVER 3\0"; syswrite($s, "Q" . pack("N", 4 + length $query) . $query);
            sysread($s, my $answer, 4096); $answer =~ tr/\0/ /; print $answer;
            """#
        let output = try ChildProcess.run(
            ["perl", "-e", script, "pgvalet-test-\(getpid())/.s.PGSQL.\(pooler.port)"]
        ).output
        #expect(output.contains("42501") && output.contains("only a process of the same account"), "\(output)")
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test(.enabled(if: Account.isRoot)) func `nothing is taken from a process of another account`() throws {
        // Where a Unix socket is free, anybody can listen.
        let pooler = try Pooler()
        pooler.signal(SIGKILL)
        _ = try pooler.wait()
        let script = #"""
            use Socket; unlink $ARGV[0]; socket(my $s, AF_UNIX, SOCK_STREAM, 0);
            bind($s, pack_sockaddr_un($ARGV[0])) or die "bind: $!"; chmod 0777, $ARGV[0]; listen($s, 5);
            if (!fork()) { exec "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", @ARGV[1..$#ARGV] }
            wait(); exit($? >> 8);
            """#
        let (ending, output) = try ChildProcess.run([
            "perl", "-e", script, "\(pooler.directory)/.s.PGSQL.\(pooler.port)", Pooler.binary, "-R",
            "\(pooler.directory)/pooler.ini",
        ])
        #expect(ending == .exited(1))
        #expect(output.contains("FATAL cannot take over: the process at the Unix socket runs under another account"))
    }

    @Test func `while suspended or shutting down it stays as it is`() throws {
        let pooler = try Pooler()
        let console = try pooler.connect(user: "admin", database: "pgbouncer")
        try console.query("SUSPEND")
        // Nobody can log in now, so it is asked by a console that is there.
        #expect(throws: PostgresError("ERROR", "55000", "pooler is suspended")) { try console.query("TAKEOVER 3") }
        try console.query("RESUME")
        try console.query("SHUTDOWN WAIT_FOR_CLIENTS")
        #expect(throws: PostgresError.console("pooler is shutting down")) { try console.query("TAKEOVER 3") }
    }

    @Test(arguments: [
        (SIGINT, "got SIGINT, shutting down"), (SIGUSR1, "pausing all activity"), (SIGHUP, "re-reading config"),
    ])
    func `signals wait until it is decided whom they are for`(signal: Int32, action: String) throws {
        let scene = try Scene(["suspend_timeout": "1"])
        let taker = try scene.taker()
        try taker.send(.query("TAKEOVER 3"))
        _ = try taker.receive(21)
        scene.pooler.signal(signal)
        try eventually { scene.pooler.log.contains("which waits until the takeover is decided") }
        #expect(!scene.pooler.log.contains(action))
        try eventually { scene.pooler.log.contains("the takeover failed, this process goes on") }
        try eventually { scene.pooler.log.contains(action) }
        if signal == SIGUSR1 { try scene.pooler.console("RESUME") }
        guard signal == SIGINT else { return try scene.expectUntouched() }
        try scene.open.query("commit")
        #expect(try scene.pooler.wait() == .exited(0))
    }

    @Test(arguments: [(SIGUSR1, "USR1"), (SIGUSR2, "USR2"), (SIGHUP, "HUP")])
    func `signals for the service reach the new process`(signal: Int32, name: String) throws {
        let pooler = try Pooler()
        let home = try TemporaryDirectory("heir")
        let heir = try ChildProcess(
            Account.prefix + [
                "perl", "-e",
                "$| = 1; $SIG{$_} = sub { print \"got $_[0]\\n\" } for qw(HUP USR1 USR2);"
                    + "print \"up\\n\"; sleep 1 while 1",
            ], output: home.file("output"))
        defer { heir.stop() }
        try eventually { readFile(home.file("output")).contains("up") }
        let taker = try RawClient(unix: pooler)
        try taker.logIn([("user", "admin"), ("database", "pgbouncer")])
        try taker.send(.query("TAKEOVER 3"))
        try taker.receiveOffer()
        try taker.send(.ready(heir.pid))
        #expect(try taker.read()?.type == "G")
        pooler.signal(signal)
        try eventually { pooler.log.contains("got SIG\(name), which waits until the takeover is decided") }
        #expect(!readFile(home.file("output")).contains("got"))
        try taker.send(WireMessage("Y"))
        try eventually { readFile(home.file("output")).contains("got \(name)") }
        #expect(try pooler.wait() == .exited(0))
    }
}

extension RawClient {
    /// All that a process hands over, except its descriptors.
    fileprivate func receiveOffer() throws {
        let head = try #require(try read())
        #expect(head.type == "T")
        let count = head.body[4..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        _ = try receive(count)
    }
}

extension WireMessage {
    /// What a process says that has rebuilt everything.
    fileprivate static func ready(_ process: pid_t) -> WireMessage {
        WireMessage("K", (0..<4).map { UInt8(truncatingIfNeeded: process >> ($0 * 8)) })
    }
}
