import CLinux
import Logging
import PoolerConfig
import Synchronization

/// Runs `password_command` off the workers and keeps what it printed. All workers share one.
final class PasswordCommands: Sendable {
    enum Outcome: Sendable {
        case password(IssuedPassword)
        case failure(String)
    }

    /// How long what is used: from the settings, at the time of the request.
    struct Terms: Sendable {
        let lifetime: Duration
        let retry: Duration
        let limit: Duration

        init(_ settings: Settings) {
            lifetime = settings.passwordCommandTtl
            retry = settings.serverLoginRetry
            limit = settings.serverConnectTimeout > .zero ? settings.serverConnectTimeout : .seconds(60)
        }
    }

    private typealias Waiter = @Sendable (Outcome) -> Void

    private let book = Mutex(PasswordBook<Waiter>())
    private let queue = BlockingQueue(label: "pgvalet.passwords", width: 8, capacity: 1000)
    private let log: Logger

    init(log: Logger = .process) {
        self.log = log
    }

    /// The password for a login: at once where it is known, else by a call from another thread.
    func password(
        for request: PasswordRequest, _ terms: Terms, now: Instant,
        _ completion: @escaping @Sendable (Outcome) -> Void
    ) -> Outcome? {
        switch book.withLock({ $0.wanted(request, by: completion, now: now) }) {
        case .known(let password, let refresh):
            if refresh { start(request, terms) }
            return .password(password)
        case .failed(let text):
            return .failure(text)
        case .wait(let isFirst):
            if isFirst { start(request, terms) }
            return nil
        }
    }

    /// Renews a password that is in use when it nears its end.
    func renew(_ request: PasswordRequest, _ terms: Terms, now: Instant) {
        if book.withLock({ $0.refreshIsDue(request, now: now) }) { start(request, terms) }
    }

    /// A server has refused a password.
    func refused(_ request: PasswordRequest, serial: UInt64) {
        book.withLock { $0.refused(request, serial: serial) }
    }

    /// After a RELOAD, failed commands are run again without a pause.
    func forgetFailures() {
        book.withLock { $0.forgetFailures() }
    }

    private func start(_ request: PasswordRequest, _ terms: Terms) {
        let isAccepted = queue.submit { [self] in
            let environment = Self.inherited(without: request.environment) + request.environment
            let run = ProgramRun(request.command.arguments, environment: environment, limit: terms.limit)
            finish(request, judge(run, request, terms))
        }
        if !isAccepted {
            finish(request, .failure("too many runs of it wait for their turn", retry: terms.retry))
        }
    }

    private func finish(_ request: PasswordRequest, _ outcome: PasswordBook<Waiter>.Outcome) {
        let (waiters, delivery) = book.withLock { $0.runEnded(request, outcome, now: .now()) }
        let told: Outcome =
            switch delivery {
            case .password(let password): .password(password)
            case .failure(let text): .failure(text)
            }
        for waiter in waiters { waiter(told) }
    }

    /// Reads what came of a run, and tells the log what it complained of: never what it printed.
    private func judge(
        _ run: ProgramRun, _ request: PasswordRequest, _ terms: Terms
    ) -> PasswordBook<Waiter>.Outcome {
        let label = "\(request.database)/\(request.user): password_command"
        for line in run.errors.split(separator: UInt8(ascii: "\n")).prefix(20) {
            log.warning("\(label): \(String(decoding: line.prefix(500), as: UTF8.self))")
        }
        if let failure = Self.failure(run.end, limit: terms.limit) {
            log.warning("\(label) failed: \(failure)")
            return .failure(failure, retry: terms.retry)
        }
        do throws(PasswordOutput.Problem) {
            let output = try PasswordOutput(run.output)
            if output.hasStrayLine {
                log.warning("\(label): its second line is not an RFC 3339 time, password_command_ttl counts")
            }
            guard let expires = output.expires else {
                return .password(.plain(output.password), lifetime: terms.lifetime)
            }
            let left = expires.subtractingReportingOverflow(WallClock.now()).partialValue
            if left <= 0 {
                log.warning("\(label) failed: the password that it printed has expired")
                return .failure("the password that it printed has expired", retry: terms.retry)
            }
            return .password(.plain(output.password), lifetime: .seconds(left))
        } catch {
            log.warning("\(label) failed: \(error.text)")
            return .failure(error.text, retry: terms.retry)
        }
    }

    private static func failure(_ end: ProgramRun.End, limit: Duration) -> String? {
        switch end {
        case .exited(0): nil
        case .exited(let code): "it ended with status \(code)"
        case .signalled(let number): "signal \(number) ended it"
        case .timedOut: "it took longer than server_connect_timeout (\(limit.components.seconds) s)"
        case .tooMuchOutput: "it printed more than \(ProgramRun.outputLimit) bytes"
        case .notStarted(let error): "it cannot be started: \(error)"
        }
    }

    /// Our own environment, without the variables that are given anew.
    private static func inherited(without given: [String]) -> [String] {
        let names = given.map { String($0.prefix { $0 != "=" }) + "=" }
        var variables: [String] = []
        var next = unsafe clinux_environment()
        while let entry = unsafe next?.pointee {
            let variable = unsafe String(cString: entry)
            if !names.contains(where: variable.hasPrefix) { variables.append(variable) }
            unsafe next = next?.successor()
        }
        return variables
    }
}
