import Glibc
import Testing

@testable import Pooler

@Suite struct PidFileTests {
    @Test(
        "Only digits, with blanks around them, are a process number",
        arguments: [
            ("1234\n", 1234), ("1234", 1234), (" 7 \r\n", 7), ("", nil), ("\n", nil), ("0\n", nil), ("-5\n", nil),
            ("junk", nil), ("1 2", nil), ("12x", nil), ("+3", nil), ("99999999999999999999", nil), ("２", nil),
        ] as [(String, pid_t?)])
    func parsing(text: String, process: pid_t?) {
        #expect(PidFile.process(in: Array(text.utf8)) == process)
    }

    @Test(
        "A living process's file, or one we cannot read, stops the start", arguments: ["parent", "", "junk", "0", "1"])
    func taken(text: String) throws {
        let directory = try TemporaryDirectory()
        let file = PidFile(path: directory.path("pid"))
        let text = text == "parent" ? "\(getppid())\n" : text
        try directory.write("pid", text)
        let error = #expect(throws: StartError.self) { try file.removeStale() }
        #expect(error?.description == "pidfile '\(file.path)' exists, another instance running?")
        #expect(directory.text("pid") == text)
        #expect(try file.state() == .taken)
    }

    @Test("A dead process's file is removed, and so is one from an earlier life of our own number")
    func stale() throws {
        let directory = try TemporaryDirectory()
        let file = PidFile(path: directory.path("pid"))
        for process in [4_194_305, getpid()] {  // the first is above any pid_max
            try directory.write("pid", "\(process)\n")
            #expect(try file.removeStale())
            #expect(try file.state() == .absent)
        }
        #expect(try file.removeStale() == false)
    }

    @Test("Our file holds our number and a newline, for all to read")
    func written() throws {
        let directory = try TemporaryDirectory()
        let file = PidFile(path: directory.path("pid"))
        try file.write()
        #expect(directory.text("pid") == "\(getpid())\n")
        var status = stat()
        unsafe stat(file.path, &status)
        #expect(status.st_mode & 0o7777 == 0o644)
        #expect(throws: StartError.pidFileExists(path: file.path)) { try file.write() }
    }

    @Test("At exit only our own file goes")
    func removal() throws {
        let directory = try TemporaryDirectory()
        let file = PidFile(path: directory.path("pid"))
        try file.write()
        file.removeIfOurs()
        #expect(try file.state() == .absent)
        file.removeIfOurs()
        try directory.write("pid", "\(getppid())\n")
        file.removeIfOurs()
        #expect(try file.state() == .taken)
    }

    @Test("A directory that is not there is an error with its reason")
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        let file = PidFile(path: directory.path("none/pid"))
        let error = #expect(throws: StartError.self) { try file.write() }
        #expect(error?.description == "could not open pidfile '\(file.path)': No such file or directory")
    }
}
