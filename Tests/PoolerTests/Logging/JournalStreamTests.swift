import Glibc
import Logging
import Testing

@testable import Pooler

@Suite struct JournalStreamTests {
    @Test("Anything but device:inode is no journal", arguments: ["", ":", "1", "1:", ":1", "1:2:3", "a:b", "-1:2"])
    func malformed(text: String) {
        #expect(JournalStream(text) == nil)
    }

    @Test("It is the descriptor's when device and inode are the same")
    func isBehind() throws {
        let directory = try TemporaryDirectory()
        let stream = try FileDescriptor.log(path: directory.path("stream"))
        let other = try FileDescriptor.log(path: directory.path("other"))
        let journal = try #require(announcement(of: stream.number))
        #expect(journal.isBehind(stream.number))
        #expect(!journal.isBehind(other.number))
        #expect(!journal.isBehind(-1))
    }

    @Test("The journal gets a priority and no time of ours, the file gets the usual line")
    func priorities() throws {
        let directory = try TemporaryDirectory()
        let stream = try FileDescriptor.log(path: directory.path("stream"))
        let output = LogOutput(standardError: stream.number, journal: announcement(of: stream.number))
        var target = LogTarget()
        target.file = directory.path("log")
        target.verbosity = 3
        try output.configure(target)
        for level in Logger.Level.allCases { output.write(level, "a\nb") }
        #expect(
            directory.lines("stream") == [
                "<7>NOISE a\\x0ab", "<7>DEBUG a\\x0ab", "<6>LOG a\\x0ab", "<6>LOG a\\x0ab", "<4>WARNING a\\x0ab",
                "<3>ERROR a\\x0ab", "<2>FATAL a\\x0ab",
            ])
        let form = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+ \[\d+\] [A-Z]+ a\\x0ab/
        #expect(directory.lines("log").count == 7)
        for line in directory.lines("log") { #expect(line.wholeMatch(of: form) != nil) }
    }

    @Test("Another stream's announcement changes nothing")
    func foreignStream() throws {
        let directory = try TemporaryDirectory()
        let stream = try FileDescriptor.log(path: directory.path("stream"))
        let output = LogOutput(standardError: stream.number, journal: JournalStream("1:1"))
        output.write(.info, "x")
        #expect(directory.lines("stream").first?.hasSuffix("] LOG x") == true)
    }

    private func announcement(of descriptor: Int32) -> JournalStream? {
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else { return nil }
        return JournalStream("\(facts.st_dev):\(facts.st_ino)")
    }
}
