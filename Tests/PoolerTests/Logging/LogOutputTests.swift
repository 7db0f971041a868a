import Dispatch
import Glibc
import Logging
import PoolerConfig
import Testing

@testable import Pooler

@Suite struct LogOutputTests {
    @Test("Threads write whole lines")
    func concurrentWriters() throws {
        let directory = try TemporaryDirectory()
        let output = LogOutput()
        try output.configure(target(file: directory.path("log")))
        let log = output.logger
        DispatchQueue.concurrentPerform(iterations: 8) { writer in
            for number in 0..<250 {
                log.info("writer \(writer) line \(number) \(String(repeating: "x", count: number * 8))")
            }
        }
        let lines = directory.lines("log")
        #expect(lines.count == 2000)
        let form = /[-\d]{10} [:\d]{8}\.\d{3} \S+ \[\d+\] LOG writer (\d) line (\d+) (x*)/
        var next = [Int](repeating: 0, count: 8)
        for line in lines {
            let match = try #require(line.wholeMatch(of: form))
            let writer = try #require(Int(match.1))
            #expect(Int(match.2) == next[writer])
            #expect(match.3.count == next[writer] * 8)
            next[writer] += 1
        }
    }

    @Test("Reopening lets a rotated file go, and writes on in a new one")
    func reopen() throws {
        let directory = try TemporaryDirectory()
        let output = LogOutput()
        try output.configure(target(file: directory.path("log")))
        output.write(.info, "one")
        unsafe rename(directory.path("log"), directory.path("log.1"))
        output.write(.info, "two")
        try output.reopen()
        output.write(.info, "three")
        #expect(directory.lines("log.1").map { $0.suffix(3) } == ["one", "two"])
        #expect(directory.lines("log").map { $0.suffix(5) } == ["three"])
    }

    @Test("A file that cannot be opened is an error, and the log stays where it was")
    func unopenable() throws {
        let directory = try TemporaryDirectory()
        let output = LogOutput()
        try output.configure(target(file: directory.path("log")))
        let bad = directory.path("none/log")
        let error = #expect(throws: LogFileError.self) { try output.configure(target(file: bad, verbosity: 3)) }
        #expect(error?.description == "Cannot open logfile: '\(bad)': No such file or directory")
        output.write(.info, "still here")
        #expect(directory.lines("log").count == 1)
        #expect(output.minimumLevel == .info)
    }

    @Test("An existing file is appended to")
    func append() throws {
        let directory = try TemporaryDirectory()
        for text in ["one", "two"] {
            let output = LogOutput()
            try output.configure(target(file: directory.path("log")))
            output.write(.info, text)
        }
        #expect(directory.lines("log").count == 2)
    }

    @Test("Standard error gets the same lines, unless it is switched off")
    func standardError() throws {
        let directory = try TemporaryDirectory()
        let stream = try FileDescriptor.log(path: directory.path("stderr"))
        let output = LogOutput(standardError: stream.number)
        output.write(.info, "before any configuration")
        var target = target(file: directory.path("log"))
        target.standardError = true
        try output.configure(target)
        output.write(.error, "both")
        target.standardError = false
        try output.configure(target)
        output.write(.error, "file only")
        #expect(directory.lines("stderr").count == 2)
        #expect(directory.lines("stderr").last == directory.lines("log").first)
        #expect(directory.lines("log").count == 2)
    }

    @Test(
        "verbose decides what loggers made before pass on",
        arguments: [(-1, 2), (0, 2), (1, 3), (2, 4), (3, 4), (99, 4)])
    func verbosity(verbosity: Int, count: Int) throws {
        let directory = try TemporaryDirectory()
        let output = LogOutput()
        let log = output.logger
        try output.configure(target(file: directory.path("log"), verbosity: verbosity))
        log.error("error")
        log.info("log")
        log.debug("debug")
        log.trace("noise")
        #expect(directory.lines("log").count == count)
    }

    @Test("A message that is switched off is not even built")
    func lazyMessage() {
        let log = LogOutput(standardError: -1).logger
        var built = false
        func message() -> Logger.Message {
            built = true
            return "x"
        }
        log.debug(message())
        #expect(!built)
        log.info(message())
        #expect(built)
    }

    @Test("Metadata follows the message in the order of its keys")
    func metadata() throws {
        let directory = try TemporaryDirectory()
        let output = LogOutput()
        try output.configure(target(file: directory.path("log")))
        var log = output.logger
        log[metadataKey: "worker"] = "3"
        log.info("started", metadata: ["cpu": "1", "name": "a\nb"])
        #expect(directory.lines("log").first?.hasSuffix("LOG started cpu=1 name=a\\x0ab worker=3") == true)
    }

    @Test("The settings say where to log")
    func settings() {
        var settings = Settings()
        #expect(LogTarget(settings, standardError: true, verbosity: 0) == LogTarget())
        settings.logfile = "/var/log/pooler.log"
        settings.syslog = true
        settings.syslogIdent = "pooler"
        settings.syslogFacility = .local3
        let target = LogTarget(settings, standardError: false, verbosity: 2)
        #expect(!target.standardError)
        #expect(target.file == "/var/log/pooler.log")
        #expect(target.syslog == SyslogTarget(ident: "pooler", facility: .local3))
        #expect(target.verbosity == 2)
    }

    private func target(file: String, verbosity: Int = 0) -> LogTarget {
        var target = LogTarget()
        target.standardError = false
        target.file = file
        target.verbosity = verbosity
        return target
    }
}
