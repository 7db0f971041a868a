/// Asks a server what its session holds, between two transactions of a client, and reads the answer. What was committed, rolled
/// back, or set for a transaction only needs no books: the server says what there is.
///
/// The question is one Query of several statements. The names in it are qualified, since the client may have set any search_path
/// and any role, and it is neither stopped by the client's statement_timeout nor made to wait by its isolation level.
final class SessionProbe {
    typealias Kinds = SessionEffects.Kinds

    /// What came of it.
    enum Outcome: Equatable {
        case unfinished
        case found(Findings)
        /// With SQLSTATE and text.
        case failed(String, String)
        /// The server does not speak as it should.
        case broken
    }

    struct Findings: Equatable {
        /// What is set, except what is tracked all the time.
        var settings: [SessionSetting] = []
        /// What is bound to the connection.
        var bound = Counts()
        /// There are values too long to be carried, which are not among the settings.
        var isTooLong = false
        /// The mark was there.
        var isMarked = false
    }

    /// How much there is of each kind that is bound to a connection.
    struct Counts: Equatable {
        private(set) var numbers = [Int](repeating: 0, count: Self.order.count)
        /// What there is. Stored, since each Parse asks.
        private(set) var kinds: Kinds = []

        /// In the order of the question.
        private static let order: [Kinds] = [.listen, .temporary, .advisoryLock, .cursor, .statement, .slot]

        init() {}

        init(_ row: [[UInt8]?]) {
            for (index, value) in row.prefix(numbers.count).enumerated() {
                numbers[index] = value.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
            }
            kinds = beyond(Counts())
        }

        /// As another process has counted; missing numbers are 0.
        init(numbers given: [Int]) {
            for (index, number) in zip(numbers.indices, given) { numbers[index] = number }
            kinds = beyond(Counts())
        }

        /// What there is more of than in `other`.
        func beyond(_ other: Counts) -> Kinds {
            var kinds: Kinds = []
            for (index, kind) in Self.order.enumerated() where numbers[index] > other.numbers[index] {
                kinds.insert(kind)
            }
            return kinds
        }
    }

    /// A parameter of ours that says, while it is set, that nothing has reset all parameters: the server itself knows which
    /// RESET ALL or DISCARD ALL has come to pass.
    enum Mark {
        case none, set, read

        static let name = "pgvalet.unknown_settings"
    }

    /// How often the question has been put.
    var attempts = 1
    private let names: [String]
    private let mark: Mark
    /// Whom the server was logged in as.
    private let user: String
    /// Parameters that are looked after by other means.
    private let isTracked: (String) -> Bool
    private var bytes: [UInt8] = []
    /// Once it is finished: the head of a message that has nothing to do with it.
    private(set) var rest: [UInt8] = []
    /// Results that have begun.
    private var resultCount = 0
    private var findings = Findings()
    private var failure: (sqlState: String, text: String)?
    /// What is still to come of a row that is too long.
    private var passing = 0
    /// How long the values are that have been kept.
    private var keptCount = 0

    /// How long all values together may be.
    static let answerLimit = 512 * 1024

    init(names: [String], mark: Mark = .none, user: String, isTracked: @escaping (String) -> Bool) {
        self.mark = mark
        self.names = names
        self.user = user
        self.isTracked = isTracked
    }

    /// The Query message.
    var message: [UInt8] {
        var sql = Array(Self.parameters.utf8)
        for name in names {
            sql +=
                Array(",pg_catalog.current_setting(".utf8) + SessionSettings.literal(Array(name.utf8))
                + Array(",true)".utf8)
        }
        switch mark {
        case .none: break
        case .set: sql += Array(",pg_catalog.set_config('\(Mark.name)','1',false)".utf8)
        case .read: sql += Array(",pg_catalog.current_setting('\(Mark.name)',true)".utf8)
        }
        sql += Self.list.utf8
        sql += Self.bound.utf8
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { $0.cString(sql) }
        return writer.bytes
    }

    /// Values come in the server's own encoding, so that they can be given back byte by byte. Whether statement_timeout is set
    /// is told by its default, since it has to be set off here.
    private static let parameters = """
        set transaction isolation level read committed;\
        select pg_catalog.current_setting('statement_timeout'),\
        pg_catalog.set_config('statement_timeout',null,true),pg_catalog.set_config('statement_timeout','0',true),\
        pg_catalog.set_config('client_encoding',pg_catalog.current_setting('server_encoding'),true),\
        pg_catalog.current_setting('role'),pg_catalog.current_setting('session_authorization')
        """

    /// The rows of some parameters are only for those with rights that the client may have given up.
    private static let list = """
        ;set local role none;select name,setting from pg_catalog.pg_settings where source operator(pg_catalog.=) 'session'
        """

    /// Everything in the temporary schema depends on it (2615 is pg_namespace).
    private static let bound = """
        ;set local search_path=pg_catalog,pg_temp;\
        select (select count(*) from pg_listening_channels()),\
        (select count(*) from pg_depend where refclassid=2615 and refobjid=pg_my_temp_schema()),\
        (select count(*) from pg_locks where locktype='advisory' and pid=pg_backend_pid()),\
        (select count(*) from pg_cursors where is_holdable),\
        (select count(*) from pg_prepared_statements where from_sql),\
        (select count(*) from pg_replication_slots where temporary and active_pid=pg_backend_pid())
        """

    /// More of the server's answer. Messages that have nothing to do with it are shown to `other`, with their type.
    func received(_ span: RawSpan, other: (BackendMessageType, RawSpan) -> Void) -> Outcome {
        let passed = min(passing, span.byteCount)
        passing -= passed
        unsafe span.slice(passed..<span.byteCount).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        var cursor = 0
        var isReady = false
        let isWhole = unsafe bytes.withUnsafeBytes { raw in
            let span = unsafe RawSpan(_unsafeBytes: raw)
            while case .frame(let header) = FrameScanner.header(in: span, at: cursor, limit: Int(Int32.max)) {
                let frameEnd = cursor + header.frameLength
                let type = BackendMessageType(rawValue: header.type)
                if type == .dataRow, header.frameLength > Self.answerLimit - keptCount {
                    findings.isTooLong = true
                    passing = max(0, frameEnd - span.byteCount)
                    cursor = min(frameEnd, span.byteCount)
                    continue
                }
                if header.frameLength > Self.answerLimit { return false }
                if frameEnd > span.byteCount { return true }
                let body = span.slice(cursor + FrameHeader.size..<frameEnd)
                cursor = frameEnd
                // Behind the end there is only what nobody has asked for.
                if !isReady, read(type, body) { isReady = true } else { other(type, body) }
            }
            return span.byteCount - cursor < FrameHeader.size
        }
        guard isWhole, bytes.count - cursor <= Self.answerLimit else { return .broken }
        rest = Array(bytes[cursor...])
        bytes = rest
        guard isReady else { return .unfinished }
        if let failure { return .failed(failure.sqlState, failure.text) }
        return .found(findings)
    }

    /// To be asked once more.
    func again() {
        attempts += 1
        bytes = []
        resultCount = 0
        findings = Findings()
        keptCount = 0
        failure = nil
    }

    /// True for the end of the answer.
    private func read(_ type: BackendMessageType, _ body: RawSpan) -> Bool {
        switch type {
        case .readyForQuery: return true
        case .rowDescription: resultCount += 1
        case .dataRow:
            if resultCount < 3 { keptCount += body.byteCount }
            readRow(Self.values(of: body))
        case .errorResponse:
            let fields = ServerMessageFields(body: body)
            failure = (fields.sqlState, fields.message)
        default: break
        }
        return false
    }

    private func readRow(_ values: [[UInt8]?]) {
        switch resultCount {
        case 1: readParameters(values)
        case 2:
            guard values.count == 2, let name = values[0], let value = values[1] else { return }
            let text = String(decoding: name, as: UTF8.self).lowercased()
            if !Self.passedOver.contains(text), !isTracked(text) {
                findings.settings.append(SessionSetting(name: text, value: value))
            }
        default:
            findings.bound = Counts(values)
        }
    }

    private func readParameters(_ values: [[UInt8]?]) {
        guard values.count >= 6 else { return }
        if let timeout = values[0], timeout != values[1], !isTracked("statement_timeout") {
            findings.settings.append(SessionSetting(name: "statement_timeout", value: timeout))
        }
        if let role = values[4], role != Array("none".utf8) {
            findings.settings.append(SessionSetting(name: SessionSettings.role, value: role))
        }
        if let name = values[5], name != Array(user.utf8) {
            findings.settings.append(SessionSetting(name: SessionSettings.authorization, value: name))
        }
        for (name, value) in zip(names, values.dropFirst(6)) {
            if let value { findings.settings.append(SessionSetting(name: name, value: value)) }
        }
        if mark == .read { findings.isMarked = values.last == [UInt8(ascii: "1")] }
    }

    /// What the question itself sets, and what belongs to one transaction.
    private static let passedOver: Set<String> = [
        "statement_timeout", "transaction_isolation", "transaction_read_only", "transaction_deferrable",
    ]

    private static func values(of row: RawSpan) -> [[UInt8]?] {
        guard row.byteCount >= 2 else { return [] }
        var values: [[UInt8]?] = []
        var cursor = 2
        for _ in 0..<row.uint16(at: 0) {
            guard cursor + 4 <= row.byteCount else { break }
            let length = Int(Int32(bitPattern: row.uint32(at: cursor)))
            cursor += 4
            if length < 0 {
                values.append(nil)
            } else {
                guard cursor + length <= row.byteCount else { break }
                values.append(row.slice(cursor..<cursor + length).array())
                cursor += length
            }
        }
        return values
    }
}
