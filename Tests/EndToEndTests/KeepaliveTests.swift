import Glibc
import PoolerTestSupport
import Testing

/// What the `tcp_*` settings make of clients' sockets, which have it from the listener.
@Suite struct KeepaliveTests {
    /// A timer of a socket, as /proc/net/tcp shows it (proc_net_tcp in the kernel's documentation).
    private struct Timer: Equatable {
        let isKeepalive: Bool
        /// Until it fires.
        let seconds: Int
    }

    /// The timers of the pooler's connected ends, by the port at the other end.
    private static func timers(of pooler: Pooler) throws -> [Int: Timer] {
        var timers: [Int: Timer] = [:]
        for line in readFile("/proc/net/tcp").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            let ports = fields[1...2].compactMap { Int($0.split(separator: ":")[1], radix: 16) }
            let timer = fields[5].split(separator: ":").compactMap { Int($0, radix: 16) }
            guard fields[3] == "01", ports[0] == pooler.port else { continue }
            timers[ports[1]] = Timer(isKeepalive: timer[0] == 2, seconds: timer[1] / Int(sysconf(Int32(_SC_CLK_TCK))))
        }
        return timers
    }

    /// Waits until the timer of a client that connects now suits.
    private static func expectTimer(
        ofNextClientOf pooler: Pooler, sourceLocation: SourceLocation = #_sourceLocation, _ suits: (Timer) -> Bool
    ) throws {
        let before = Set(try timers(of: pooler).keys)
        let client = try RawClient.loggedIn(pooler)
        try eventually(sourceLocation: sourceLocation) {
            try timers(of: pooler).contains { !before.contains($0.key) && suits($0.value) }
        }
        withExtendedLifetime(client) {}
    }

    @Test func `keepalive is as the settings say, for those who come after a RELOAD too`() throws {
        let pooler = try Pooler()
        try Self.expectTimer(ofNextClientOf: pooler) { $0.isKeepalive && $0.seconds > 60 }
        try pooler.reload { $0.main["tcp_keepidle"] = "30" }
        try Self.expectTimer(ofNextClientOf: pooler) { $0.isKeepalive && $0.seconds <= 30 }
        try pooler.reload { $0.main["tcp_keepidle"] = "0" }
        try Self.expectTimer(ofNextClientOf: pooler) { $0.isKeepalive && $0.seconds > 60 }
        try pooler.reload { $0.main["tcp_keepalive"] = "0" }
        try Self.expectTimer(ofNextClientOf: pooler) { !$0.isKeepalive }
    }

    /// Stands for a service manager that opens the socket and starts the daemon when somebody has connected to it, here itself.
    private static let activation = #"""
        use IO::Socket::INET; use POSIX ();
        # What is opened stays open over exec.
        $^F = 255;
        my ($ini) = grep { -f } reverse @ARGV;
        open(my $file, "<", $ini); my ($port) = join("", <$file>) =~ /^listen_port = (\d+)/m; close $file;
        my $tcp = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 16, ReuseAddr => 1);
        my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die "connect: $!";
        POSIX::dup2($tcp->fileno, 20); POSIX::dup2($client->fileno, 21); POSIX::dup2(20, 3);
        $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1;
        exec @ARGV;
        """#

    @Test(.pgvaletOnly) func `who connected before the daemon was there has it too`() throws {
        let pooler = try Pooler(["tcp_keepidle": "30"], wrapper: ["perl", "-e", Self.activation])
        try eventually {
            try Self.timers(of: pooler).values.contains { $0.isKeepalive && (1...30).contains($0.seconds) }
        }
    }
}
