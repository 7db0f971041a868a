import Glibc
import Synchronization

/// How a process ended.
public enum Ending: Equatable, Sendable {
    /// It returned this code.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)
}

/// A process that we started and whose end we wait for.
public final class ChildProcess: Sendable {
    /// Its process number.
    public let pid: pid_t
    private let ending = Mutex<Ending?>(nil)

    /// Starts a command (found along PATH), its output and errors appended to a file.
    public init(_ command: [String], output: String) throws {
        let file = try checked("open \(output)") {
            unsafe open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        }
        defer { close(file) }
        pid = try spawn(command, input: nil, output: file)
        Watchdog.shared.kill(pid)
    }

    /// Sends a signal; false when the process is gone.
    @discardableResult
    public func signal(_ number: Int32) -> Bool { ended == nil && kill(pid, number) == 0 }

    /// How it ended, or nil while it runs.
    public var ended: Ending? {
        ending.withLock { ending in
            var status: Int32 = 0
            if ending == nil, unsafe waitpid(pid, &status, WNOHANG) == pid {
                ending = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
                Watchdog.shared.spare(pid)
            }
            return ending
        }
    }

    /// Waits for its end.
    public func wait(within limit: Duration = patience) throws -> Ending {
        let deadline = Deadline(limit)
        while true {
            if let ended { return ended }
            if deadline.isOver { throw SystemError("process \(pid) did not end within \(limit)") }
            usleep(5000)
        }
    }

    /// Kills it and waits for its end. One that nobody waits for would hold up those who wait for any child, as exit tests do.
    public func stop() {
        signal(SIGKILL)
        _ = try? wait()
    }

    /// Runs a command to its end and returns how it ended and all that it wrote.
    @discardableResult
    public static func run(
        _ command: [String], within limit: Duration = .seconds(60)
    ) throws -> (ending: Ending, output: String) {
        var template = Array("/tmp/pgvalet-output-XXXXXX".utf8CString)
        let descriptor = try checked("mkstemp") { unsafe mkstemp(&template) }
        let path = unsafe template.withUnsafeBufferPointer {
            unsafe $0.baseAddress.map { unsafe String(cString: $0) } ?? ""
        }
        defer {
            close(descriptor)
            unsafe unlink(path)
        }
        let process = try ChildProcess(command, output: path)
        defer { process.signal(SIGKILL) }
        return (try process.wait(within: limit), readFile(path))
    }

    /// As `run`, for what must succeed.
    static func check(_ command: [String]) throws {
        let (ending, output) = try run(command)
        guard ending == .exited(0) else { throw SystemError("\(command.joined(separator: " ")): \(ending): \(output)") }
    }
}

/// posix_spawn(3) along PATH; nil stands for /dev/null, output takes both standard output and standard error.
func spawn(_ command: [String], input: Int32?, output: Int32?) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let input {
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    for standard in [1, 2] as [Int32] {
        if let output {
            unsafe posix_spawn_file_actions_adddup2(&actions, output, standard)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_WRONLY, 0)
        }
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that Ctrl-C at the terminal is ours alone; and no signal blocked, whatever our thread blocks.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var environment: [UnsafeMutablePointer<CChar>?] = unsafe childEnvironment.map { unsafe strdup($0) } + [nil]
    defer { unsafe environment.forEach { unsafe free($0) } }
    var pid: pid_t = 0
    let code = unsafe posix_spawnp(&pid, command.first ?? "", &actions, &attributes, &arguments, &environment)
    guard code == 0 else { throw SystemError("start \(command.first ?? "nothing")", code: code) }
    return pid
}

/// What children see of our environment: no PG* variables, and messages in English.
private let childEnvironment: [String] =
    ["LC_ALL=C.UTF-8"]
    + ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"].compactMap { name in
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe "\(name)=\(String(cString: value))"
    }
