/// Asks a server for the secret of one user, and reads the answer.
///
/// A machine: whole messages of the server in, actions out. All that is said goes out in one piece, and nothing in it comes
/// from a client but the name, as a parameter. `auth_query` runs in a transaction with a search path of our own, so that nothing
/// that was set for the connection or the role decides which table it reads. Beside it, Postgres is asked whether the role may
/// log in, and until when: what `auth_query` returns need not tell.
struct SecretQuery: Sendable {
    enum Outcome: Sendable, Equatable {
        case found(KnownUser)
        /// There is no such user, or it may not log in.
        case unknown
        /// The query failed, or what it returned is no answer. For the log; holds nothing that the query returned.
        case failed(String)
    }

    enum Action: Equatable {
        case wait
        /// The server is free again.
        case finished(Outcome)
        /// The server said what it should not: nothing can be asked of it any more.
        case broken(Outcome)
    }

    /// Which answer is being read. They come in this order.
    private enum Stage {
        /// BEGIN and SET LOCAL, to the first ReadyForQuery.
        case beginning
        /// `auth_query`, to its CommandComplete.
        case user
        /// The role, to the second ReadyForQuery.
        case role
        /// COMMIT, to the third ReadyForQuery.
        case ending
    }

    /// A row of `auth_query`.
    private enum Row: Equatable {
        case none
        case one(name: [UInt8]?, secret: [UInt8]?)
        case several
        case wrongShape(columns: Int)
    }

    /// What Postgres says of the role.
    private enum Role {
        /// It is none of Postgres's.
        case none
        case mayLogIn(for: Duration?)
        case mayNot
    }

    private static let begin =
        "BEGIN; SET LOCAL search_path = pg_catalog, public, pg_temp; SET LOCAL client_encoding = 'UTF8'"
    private static let roleQuery = """
        SELECT rolcanlogin AND (rolvaliduntil IS NULL OR rolvaliduntil > now()), \
        CASE WHEN isfinite(rolvaliduntil) THEN extract(epoch FROM rolvaliduntil) - extract(epoch FROM now()) END \
        FROM pg_catalog.pg_roles WHERE rolname = $1
        """
    /// More rows than one are told from one without reading them all.
    private static let rowLimit: UInt32 = 2

    /// All that is sent.
    let request: [UInt8]
    private let user: String
    private var stage = Stage.beginning
    private var row = Row.none
    private var role = Role.none
    private var failure: String?

    init(user: String, sql: String) {
        self.user = user
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { $0.cString(Self.begin) }
        Self.write(sql, user, to: &writer)
        Self.write(Self.roleQuery, user, to: &writer)
        writer.message(FrontendMessageType.sync)
        writer.message(FrontendMessageType.query) { $0.cString("COMMIT") }
        request = writer.bytes
    }

    /// Parse, Bind, Execute of the unnamed statement with one text parameter.
    private static func write(_ sql: String, _ user: String, to writer: inout MessageWriter) {
        writer.message(FrontendMessageType.parse) {
            $0.cString("")
            $0.cString(sql)
            $0.int16(0)
        }
        writer.message(FrontendMessageType.bind) {
            $0.cString("")
            $0.cString("")
            $0.int16(0)
            $0.int16(1)
            $0.int32(Int32(clamping: user.utf8.count))
            $0.raw(user.utf8)
            $0.int16(0)
        }
        writer.message(FrontendMessageType.execute) {
            $0.cString("")
            $0.uint32(rowLimit)
        }
    }

    /// A whole message of the server has come.
    mutating func messageReceived(_ type: BackendMessageType, _ body: RawSpan) -> Action {
        switch type {
        case .parameterStatus, .noticeResponse, .notificationResponse, .parseComplete, .bindComplete:
            return .wait
        case .errorResponse:
            let fields = ServerMessageFields(body: body)
            failure = failure ?? fields.message
            return fields.severity == "FATAL" || fields.severity == "PANIC" ? broken() : .wait
        case .dataRow:
            return rowReceived(body)
        case .commandComplete, .portalSuspended, .emptyQueryResponse:
            if case .user = stage { stage = .role }
            return .wait
        case .readyForQuery:
            return readyReceived(body)
        default:
            failure = failure ?? "the server answered with a message of type \(type.rawValue)"
            return broken()
        }
    }

    private mutating func rowReceived(_ body: RawSpan) -> Action {
        guard let values = Self.values(body) else {
            failure = failure ?? "the server sent a broken row"
            return broken()
        }
        switch stage {
        case .user:
            switch row {
            case .none:
                row =
                    values.count == 2
                    ? .one(name: values[0], secret: values[1]) : .wrongShape(columns: values.count)
            case .one, .several: row = .several
            case .wrongShape: break
            }
        case .role:
            guard values.count == 2 else { return broken() }
            role = values[0] == Array("t".utf8) ? .mayLogIn(for: Self.duration(values[1])) : .mayNot
        case .beginning, .ending:
            break
        }
        return .wait
    }

    private mutating func readyReceived(_ body: RawSpan) -> Action {
        guard body.byteCount == 1, let status = TransactionStatus(rawValue: body.uint8(at: 0)) else { return broken() }
        switch stage {
        case .beginning:
            stage = .user
            return .wait
        case .user, .role:
            stage = .ending
            return .wait
        case .ending:
            return status == .idle ? .finished(outcome) : broken()
        }
    }

    private func broken() -> Action { .broken(.failed(failure ?? "the server broke the protocol")) }

    /// What all of it comes to.
    private var outcome: Outcome {
        if let failure { return .failed(failure) }
        switch (row, role) {
        case (.none, _), (.one, .mayNot):
            return .unknown
        case (.several, _):
            return .failed("it returned more than one row")
        case (.wrongShape(let columns), _):
            return .failed("expected 2 columns from auth_query, not \(columns)")
        case (.one(let name, let bytes), _):
            guard let name, name.elementsEqual(user.utf8) else { return .failed("it returned another name") }
            guard let bytes, !bytes.isEmpty else {
                // A role without a password may still come in by its certificate; who is no role is nobody.
                guard case .mayLogIn(let time) = role else { return .unknown }
                return .found(KnownUser(secret: .none, validFor: time))
            }
            guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
                return .failed("it returned a secret that is not text")
            }
            guard case .mayLogIn(let time) = role else { return .found(KnownUser(secret: Secret(text), validFor: nil)) }
            return .found(KnownUser(secret: Secret(text), validFor: time))
        }
    }

    /// The values of a DataRow; nil for a broken one.
    private static func values(_ body: RawSpan) -> [[UInt8]?]? {
        guard body.byteCount >= 2 else { return nil }
        var values: [[UInt8]?] = []
        var cursor = 2
        for _ in 0..<Int(body.uint16(at: 0)) {
            guard body.byteCount - cursor >= 4 else { return nil }
            let length = Int(Int32(bitPattern: body.uint32(at: cursor)))
            cursor += 4
            guard length >= 0 else {
                values.append(nil)
                continue
            }
            guard body.byteCount - cursor >= length else { return nil }
            values.append(body.slice(cursor..<cursor + length).array())
            cursor += length
        }
        return cursor == body.byteCount ? values : nil
    }

    /// Seconds, as Postgres prints a number; nil for NULL, which is forever.
    private static func duration(_ text: [UInt8]?) -> Duration? {
        guard let text else { return nil }
        let seconds = Double(String(decoding: text, as: UTF8.self)) ?? 0
        // A thousand years are as good as forever, and more would not fit.
        guard seconds < 31_536_000_000 else { return nil }
        return .milliseconds(Int64(max(0, seconds) * 1000))
    }
}

/// What `auth_query` knows of a user.
struct KnownUser: Sendable, Equatable {
    /// `none` for a role without a password.
    let secret: Secret
    /// How long the user may still log in, by the server's clock; nil is forever.
    let validFor: Duration?
}
