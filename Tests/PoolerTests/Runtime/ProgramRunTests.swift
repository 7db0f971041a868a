import Glibc
import Testing

@testable import Pooler

@Suite struct ProgramRunTests {
    private func shell(_ script: String, limit: Duration = .seconds(20)) -> ProgramRun {
        ProgramRun(["sh", "-c", script], environment: ["PATH=/usr/bin:/bin", "WORD=hello"], limit: limit)
    }

    @Test func `output, errors, environment and end are told`() {
        let run = shell("echo $WORD; echo trouble >&2; exit 3")
        #expect(run.end == .exited(3))
        #expect(run.output == Array("hello\n".utf8))
        #expect(run.errors == Array("trouble\n".utf8))
        #expect(shell("kill -9 $$").end == .signalled(9))
        #expect(
            ProgramRun(["/nonexistent/program"], environment: [], limit: .seconds(20)).end
                == .notStarted(Errno(code: ENOENT)))
    }

    @Test func `a program gets no input, no descriptor of ours, and its signals as they should be`() {
        #expect(shell("cat; ls /proc/$$/fd | tr '\\n' ' '").output.count(where: { $0 == UInt8(ascii: " ") }) <= 4)
        #expect(shell("kill -PIPE $$; echo alive").end == .signalled(SIGPIPE))
    }

    @Test func `one that takes too long is killed with all that it started`() {
        let run = shell("sleep 1000 & echo $!; sleep 1000", limit: .milliseconds(300))
        #expect(run.end == .timedOut)
        let child = pid_t(String(decoding: run.output, as: UTF8.self).split(separator: "\n").first ?? "")
        // Gone, or a zombie for init to reap.
        let state = child.map { process in
            kill(process, 0) == 0 ? Self.state(of: process) : "gone"
        }
        #expect(state == "gone" || state == "Z")
        #expect(shell("exec >&- 2>&-; sleep 1000", limit: .milliseconds(300)).end == .timedOut)
    }

    private static func state(of process: pid_t) -> String {
        let run = ProgramRun(
            ["sh", "-c", "cut -d' ' -f3 /proc/\(process)/stat || echo gone"], environment: ["PATH=/usr/bin:/bin"],
            limit: .seconds(20))
        return String(decoding: run.output.prefix { $0 != 10 }, as: UTF8.self)
    }

    @Test func `one that says too much is killed, and complaints are cut`() {
        let run = shell("yes")
        #expect(run.end == .tooMuchOutput)
        #expect(run.output.count <= ProgramRun.outputLimit + 4096)
        let noisy = shell("yes | head -c 1000000 >&2; echo done")
        #expect(noisy.end == .exited(0))
        #expect(noisy.errors.count == ProgramRun.errorLimit)
    }

    @Test func `no zombie stays`() throws {
        let run = shell("echo $$")
        let process = try #require(pid_t(String(decoding: run.output.prefix { $0 != 10 }, as: UTF8.self)))
        // A zombie could still be signalled.
        #expect(kill(process, 0) == -1)
    }
}
