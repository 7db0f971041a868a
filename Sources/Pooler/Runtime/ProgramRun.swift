import CLinux
import Glibc

/// One run of a program, from its start to its end: blocks the thread, and is bounded in time and output.
struct ProgramRun: Equatable {
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        /// More than `outputLimit` bytes came.
        case tooMuchOutput
        case notStarted(Errno)
    }

    /// The most that is read of the output.
    static let outputLimit = 65_536
    /// The most that is kept of what it says on standard error; the rest is read and dropped.
    static let errorLimit = 4096

    var end: End
    var output: [UInt8] = []
    var errors: [UInt8] = []

    /// Runs a program, found along PATH, with nothing on its standard input, no descriptor of ours, in a process group
    /// of its own, which is killed when it takes longer than the limit or says too much.
    init(_ arguments: [String], environment: [String], limit: Duration) {
        end = .timedOut
        let deadline = Instant.now() + limit
        do throws(Errno) {
            let (output, errors) = (try Pipe(), try Pipe())
            let process = try Self.start(arguments, environment, output: output.writer, errors: errors.writer)
            output.closeWriter()
            errors.closeWriter()
            var isWithinBounds = true
            do throws(Overrun) {
                try read(output.reader, errors.reader, until: deadline)
            } catch {
                end = error.end
                isWithinBounds = false
            }
            end = Self.wait(for: process, until: deadline, isWithinBounds ? nil : end)
        } catch {
            end = .notStarted(error)
        }
    }

    /// Why a program is ended before its time.
    private struct Overrun: Error {
        let end: End
    }

    /// Reads both pipes to their ends.
    private mutating func read(_ outputReader: Int32, _ errorReader: Int32, until deadline: Instant) throws(Overrun) {
        var polled = [outputReader, errorReader].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var chunk = [UInt8](repeating: 0, count: 4096)
        // A negative descriptor is one that poll(2) passes over.
        while polled.contains(where: { $0.fd >= 0 }) {
            let left = deadline.nanoseconds(since: .now()) / 1_000_000
            guard left > 0 else { throw Overrun(end: .timedOut) }
            _ = unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: left))
            for index in polled.indices where polled[index].fd >= 0 && polled[index].revents != 0 {
                let count = unsafe Glibc.read(polled[index].fd, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    polled[index].fd = -1
                    continue
                }
                if index == 0 { output += chunk[..<count] } else { keepErrors(chunk[..<count]) }
            }
            guard output.count <= Self.outputLimit else { throw Overrun(end: .tooMuchOutput) }
        }
    }

    private mutating func keepErrors(_ bytes: ArraySlice<UInt8>) {
        errors += bytes.prefix(Self.errorLimit - errors.count)
    }

    /// Waits until the process has ended, so that no zombie stays; kills its group at the deadline, or at once if it is to
    /// be ended already.
    private static func wait(for process: pid_t, until deadline: Instant, _ overrun: End?) -> End {
        var verdict = overrun
        if verdict != nil { RunningPrograms.shared.kill(process) }
        var status: Int32 = 0
        while true {
            let isPatient = verdict != nil
            let ended =
                isPatient
                ? unsafe waitpid(process, &status, 0) : RunningPrograms.shared.poll(process, &status)
            if ended == process { break }
            if ended < 0, errno != EINTR { return .notStarted(.last) }
            if !isPatient {
                // It has closed its output and not ended: rare, and over in a moment.
                usleep(5000)
                if Instant.now() >= deadline {
                    verdict = .timedOut
                    RunningPrograms.shared.kill(process)
                }
            }
        }
        if let verdict { return verdict }
        if clinux_exited(status) != 0 { return .exited(clinux_exit_status(status)) }
        return .signalled(status & 0x7F)
    }

    private static func start(
        _ arguments: [String], _ environment: [String], output: Int32, errors: Int32
    ) throws(Errno) -> pid_t {
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        return try RunningPrograms.shared.start { () throws(Errno) in
            var process: pid_t = 0
            let code = unsafe clinux_spawn(&process, &words, &variables, output, errors)
            guard code == 0 else { throw Errno(code: code) }
            return process
        }
    }
}

/// pipe2(2) with O_CLOEXEC.
private final class Pipe {
    let reader: Int32
    private(set) var writer: Int32

    init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        guard unsafe clinux_pipe(&ends) == 0 else { throw .last }
        (reader, writer) = (ends[0], ends[1])
    }

    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    deinit {
        closeWriter()
        close(reader)
    }
}
