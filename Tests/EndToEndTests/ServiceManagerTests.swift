import Glibc
import PoolerTestSupport
import Testing

/// What a service manager (systemd) and the daemon have to say to each other.
@Suite(.pgvaletOnly) struct ServiceManagerTests {
    /// Stands for systemd at the start of a service with sockets: opens a TCP socket and a Unix socket beside the ini, as
    /// descriptors 3 and 4, and becomes the daemon.
    private static let activation = #"""
        use IO::Socket::INET; use IO::Socket::UNIX; use POSIX ();
        my ($ini) = grep { -f } reverse @ARGV;
        open(my $file, "<", $ini); my ($port) = join("", <$file>) =~ /^listen_port = (\d+)/m; close $file;
        (my $home = $ini) =~ s{/[^/]*$}{};
        my $tcp = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 16, ReuseAddr => 1);
        my $unix = IO::Socket::UNIX->new(Local => "$home/passed", Listen => 16);
        chmod 0777, "$home/passed";
        # Out of the way first: either may already be 3 or 4.
        POSIX::dup2($tcp->fileno, 20); POSIX::dup2($unix->fileno, 21);
        POSIX::dup2(20, 3); POSIX::dup2(21, 4);
        POSIX::close(20); POSIX::close(21);
        $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 2; $ENV{LISTEN_FDNAMES} = "tcp:unix";
        exec @ARGV;
        """#

    @Test(arguments: [false, true]) func `it says when it is ready, reloads and stops`(isAbstract: Bool) throws {
        let manager = try NotifySocket(isAbstract: isAbstract)
        let pooler = try Pooler(wrapper: ["env", "NOTIFY_SOCKET=\(manager.address)"])
        #expect(try manager.receive() == ["READY": "1"])

        let before = Self.monotonicMicroseconds()
        pooler.signal(SIGHUP)
        let reload = try manager.receive()
        #expect(reload["RELOADING"] == "1")
        let time = try #require(reload["MONOTONIC_USEC"].flatMap { Int($0) })
        #expect((before...Self.monotonicMicroseconds()).contains(time))
        #expect(try manager.receive() == ["READY": "1"])

        try pooler.writeIni("[pgbouncer]\nnonsense = 1\n")
        pooler.signal(SIGHUP)
        #expect(try manager.receive()["RELOADING"] == "1")
        #expect(try manager.receive() == ["READY": "1"])

        pooler.signal(SIGTERM)
        #expect(try manager.receive() == ["STOPPING": "1"])
        #expect(try pooler.wait() == .exited(0))
    }

    @Test(arguments: ["0", "1"]) func `its status is the line of statistics, logged or not`(isLogged: String) throws {
        let manager = try NotifySocket(isAbstract: false)
        let pooler = try Pooler(
            ["stats_period": "1", "log_stats": isLogged], wrapper: ["env", "NOTIFY_SOCKET=\(manager.address)"])
        #expect(try manager.receive() == ["READY": "1"])
        let status = try #require(try manager.receive()["STATUS"])
        #expect(status.hasPrefix("stats: ") && status.contains(" xacts/s, "))
        #expect(pooler.log.contains("stats: ") == (isLogged == "1"))
    }

    @Test func `in the background it names the process that stays`() throws {
        let manager = try NotifySocket(isAbstract: false)
        let template = try Pooler()
        let home = try TemporaryDirectory("daemon")
        let file = try home.write(
            "daemon.ini",
            template.ini.replacing(template.directory, with: home.path) + "\npidfile = \(home.file("pid"))\n")
        try home.write("users.txt", "")
        template.signal(SIGKILL)
        _ = try template.wait()
        let started = try ChildProcess.run(["env", "NOTIFY_SOCKET=\(manager.address)", Pooler.binary, "-d", file])
        #expect(started.ending == .exited(0))
        let message = try manager.receive()
        let pid = try #require(message["MAINPID"].flatMap { pid_t($0) })
        defer { kill(pid, SIGKILL) }
        #expect(message["READY"] == "1")
        #expect(readFile(home.file("pid")) == "\(pid)\n")
    }

    @Test func `a service manager that cannot be reached costs a warning, not the service`() throws {
        let pooler = try Pooler(wrapper: ["env", "NOTIFY_SOCKET=/nonexistent/notify"])
        #expect(try pooler.connect().query("select 1").value == "1")
        #expect(pooler.log.contains("WARNING cannot notify the service manager: No such file or directory"))
    }

    @Test func `it serves the sockets that it was started with, and leaves their files`() throws {
        let pooler = try Pooler(wrapper: ["perl", "-e", Self.activation])
        #expect(pooler.log.contains("listening on 127.0.0.1:\(pooler.port) from tcp"))
        #expect(pooler.log.contains("listening on unix:\(pooler.directory)/passed from unix"))
        #expect(pooler.log.contains("ignoring listen_addr"))
        #expect(pooler.log.contains("no socket is made in unix_socket_dir"))
        #expect(unsafe access("\(pooler.directory)/.s.PGSQL.\(pooler.port)", F_OK) != 0)
        #expect(try pooler.connect().query("select 1").value == "1")

        // libpq wants a socket of this name.
        let name = "\(pooler.directory)/.s.PGSQL.\(pooler.port)"
        #expect(unsafe symlink("\(pooler.directory)/passed", name) == 0)
        #expect(try pooler.connect(["host": pooler.directory]).query("select 2").value == "2")

        for descriptor in [3, 4] {
            let flags = readFile("/proc/\(pooler.pid)/fdinfo/\(descriptor)").split(separator: "\n").first {
                $0.hasPrefix("flags:")
            }
            let value = try #require(flags?.split(separator: "\t").last.flatMap { Int32($0, radix: 8) })
            #expect(value & O_NONBLOCK != 0 && value & 0o2000000 != 0, "not blocking, closed on exec")
        }
        pooler.signal(SIGINT)
        #expect(try pooler.wait() == .exited(0))
        #expect(unsafe access("\(pooler.directory)/passed", F_OK) == 0)
    }

    @Test func `with sockets of a service manager there is no online restart`() throws {
        let running = try Pooler()
        running.signal(SIGKILL)
        _ = try running.wait()
        let (ending, output) = try ChildProcess.run(
            ["perl", "-e", Self.activation, Pooler.binary, "-R", "\(running.directory)/pooler.ini"])
        #expect(ending == .exited(1))
        #expect(output.contains("FATAL cannot reboot under service manager"))
    }

    @Test(arguments: [
        ("LISTEN_FDS=x", "LISTEN_FDS must be a number of descriptors, not 'x'"),
        ("LISTEN_FDS=1", "descriptor 3 from the service manager is not a listening stream socket (TCP or Unix)"),
    ]) func `what it cannot use of a service manager ends the start`(variable: String, message: String) throws {
        let running = try Pooler()
        let script = #"export LISTEN_PID=$$; exec 3</dev/null; exec "$@""#
        let (ending, output) = try ChildProcess.run([
            "env", variable, "sh", "-c", script, "sh", Pooler.binary, "\(running.directory)/pooler.ini",
        ])
        #expect(ending == .exited(1))
        #expect(output.contains("FATAL \(message)"))
    }

    @Test func `the journal gets priorities instead of times`() throws {
        let script = #"export JOURNAL_STREAM="$(stat -L -c %d:%i /proc/self/fd/2)"; exec "$@""#
        let pooler = try Pooler(wrapper: ["sh", "-c", script, "sh"])
        try pooler.connect().query("select 1")
        let lines = pooler.log.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("<6>LOG process up") })
        for line in lines { #expect(line.firstMatch(of: /^<[2-7]>[A-Z]+\s/) != nil) }
    }

    private static func monotonicMicroseconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }
}
