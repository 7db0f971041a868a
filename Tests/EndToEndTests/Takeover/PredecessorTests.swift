import Glibc
import PoolerTestSupport
import Testing

/// What a new process does when the old one, played by a script, behaves oddly in the last moment.
@Suite(.pgvaletOnly) struct PredecessorTests {
    /// Hands over nothing, in the name of a process that listens on the given path, up to the point that a plan names.
    private static let script = #"""
        use Socket; use POSIX (); $| = 1; $SIG{PIPE} = "IGNORE";
        my ($path, $plan, $log) = @ARGV;
        unlink $path; socket(my $l, AF_UNIX, SOCK_STREAM, 0);
        bind($l, pack_sockaddr_un($path)) or die "bind: $!"; listen($l, 5); print "up\n";
        accept(my $s, $l); close $l; unlink $path;
        sub take {
            my $in = "";
            while (length $in < $_[0]) { sysread($s, $in, $_[0] - length $in, length $in) or die "end of stream\n" }
            $in
        }
        take(unpack("N", take(4)) - 4);
        syswrite $s, "R" . pack("NN", 8, 0) . "Z" . pack("N", 5) . "I";
        take(1); take(unpack("N", take(4)) - 4);
        # An offer without a thing in it: numbers and lengths that are 0.
        my $offer = "\0" x 53;
        syswrite $s, "T" . pack("N", 24) . pack("VQ<VV", 3, length $offer, 0, $$) . $offer;
        take(1) eq "K" or die "not ready\n"; take(4); my $new = unpack "V", take(4);
        if ($plan eq "dies") { kill KILL => $$ }
        if ($plan eq "leaves") { close $s; print "left\n"; sleep 1 while 1 }
        if ($plan eq "revokes") { shutdown $s, 0; syswrite $s, "G" . pack("N", 4); sleep 1 while 1 }
        if ($plan eq "goesOnAndDies") {
            shutdown $s, 0; kill STOP => $new;
            syswrite $s, "G" . pack("N", 4) . "A" . pack("N", 12) . "too late"; kill CONT => $new; kill KILL => $$;
        }
        if ($plan eq "stopsIt") {
            kill TERM => $new;
            until (do { local (@ARGV, $/) = $log; <> } =~ /got SIGTERM/) { select undef, undef, undef, 0.01 }
        }
        syswrite $s, "G" . pack("N", 4);
        take(1) eq "Y" or die "not taken\n";
        kill TERM => $new if $plan eq "stopsItLater";
        print "taken\n";
        """#

    /// A new process that takes over from the script.
    private static func takeOver(_ plan: String) throws -> (pooler: Pooler, new: ChildProcess, output: String) {
        let pooler = try Pooler()
        pooler.signal(SIGKILL)
        _ = try pooler.wait()
        let home = try TemporaryDirectory("predecessor")
        let old = try ChildProcess(
            Account.prefix + [
                "perl", "-e", script, "\(pooler.directory)/.s.PGSQL.\(pooler.port)", plan, "\(pooler.directory)/stderr",
            ], output: home.file("output"))
        defer { old.stop() }
        try eventually { readFile(home.file("output")).contains("up") }
        let new = try pooler.startSuccessor()
        try eventually { new.ended != nil || pooler.log.contains("[\(new.pid)] LOG process up") }
        try eventually { old.ended != nil || !readFile(home.file("output")).hasSuffix("up\n") || new.ended != nil }
        return (pooler, new, readFile(home.file("output")))
    }

    @Test func `a request to stop that comes before the end leaves everything where it is`() throws {
        let (pooler, new, output) = try Self.takeOver("stopsIt")
        #expect(try new.wait() == .exited(1))
        #expect(output.contains("not taken"))
        #expect(pooler.log.contains("FATAL cannot take over: got SIGTERM"))
    }

    @Test func `a request to stop that comes right after it is obeyed in good order`() throws {
        let (pooler, new, output) = try Self.takeOver("stopsItLater")
        #expect(output.contains("taken"))
        #expect(try new.wait() == .exited(0))
        #expect(pooler.log.contains("[\(new.pid)] LOG process up"))
        #expect(pooler.log.contains("[\(new.pid)] LOG got SIGTERM, shutting down"))
    }

    @Test func `when the old process dies the new one goes on, whether anybody has noticed or not`() throws {
        let (pooler, new, _) = try Self.takeOver("dies")
        defer { new.stop() }
        #expect(new.ended == nil, "\(pooler.log)")
        #expect(pooler.log.contains("the process that was taken over ended before it let go"))
        #expect(try pooler.connect().query("select 1").value == "1")
    }

    @Test(arguments: ["leaves", "revokes"]) func `one that goes on keeps everything`(plan: String) throws {
        let (pooler, new, _) = try Self.takeOver(plan)
        #expect(try new.wait() == .exited(1))
        #expect(pooler.log.contains("cannot take over: the other process has given up and goes on"))
    }

    @Test func `what one has gone on with is not taken when it dies then`() throws {
        let (pooler, new, _) = try Self.takeOver("goesOnAndDies")
        #expect(try new.wait() == .exited(1))
        #expect(pooler.log.contains("cannot take over: the other process says: too late"))
    }
}
