import Glibc
import Testing

@testable import Pooler

@Suite struct CloseReasonTests {
    /// Every reason whose text is PgBouncer's, with the placeholder that the fixture has for what varies.
    private static let reasons: [(reason: CloseReason, text: String)] = [
        (.noUsername, "no username supplied"), (.usernameTooLong, "username too long"),
        (.unsupportedParameter("<name>"), "unsupported startup parameter: <name>"),
        (.unsupportedOption("<name>"), "unsupported startup parameter in options: <name>"),
        (
            .unsupportedOptions,
            "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed"
        ),
        (.badStartupLayout, "invalid startup packet layout: expected terminator as last byte"),
        (.oldProtocol, "old V2 protocol not supported"),
        (.badPacketHeader("<up to 16 hex digits>"), "bad packet header: '<up to 16 hex digits>'"),
        (.dataAfterEncryptionRequest(gss: false), "received unencrypted data after SSL request"),
        (.dataAfterEncryptionRequest(gss: true), "received unencrypted data after GSSAPI encryption request"),
        (.passwordBeforeStartup, "client password pkt before startup packet"),
        (.repeatedStartup, "client re-sent startup pkt"),
        (.tooManyClients, "no more connections allowed (max_client_conn)"),
        (.tooManyDatabaseClients, "client connections exceeded (max_db_client_connections)"),
        (.tooManyUserClients, "client connections exceeded (max_user_client_connections)"),
        (.consoleNotAllowed, "not allowed"), (.configurationError("why"), "bouncer config error"),
        (.authentication(.trust), "\"trust\" authentication failed"),
        (.authentication(.password), "password authentication failed"),
        (.authentication(.emptyPassword), "empty password returned by client"),
        (.authentication(.sasl), "SASL authentication failed"),
        (.authentication(.saslMechanism), "client selected an invalid SASL authentication mechanism"),
        (.noSuchDatabase("<db>"), "no such database: <db>"),
        (.databaseDisabled("<db>"), "database \"<db>\" is disabled"),
        (.shuttingDown, "pooler is shutting down"),
        (.loginTimeout(serverDown: false, lastError: nil), "client_login_timeout"),
        (.loginTimeout(serverDown: true, lastError: nil), "client_login_timeout (server down)"),
        (.serverCrashed, "server conn crashed?"), (.serverClosed, "server connection closed"),
        (.invalidServerParameter("why"), "invalid server parameter"), (.badServerPacket, "bad pkt header"),
        (.unknownMessage, "unknown pkt"),
        (.transactionInStatementMode, "transaction blocks not allowed in statement pooling mode"),
        (.databaseChanged, "database configuration changed"),
        (.queryWaitTimeout(lastError: nil), "query_wait_timeout"), (.queuedQueryTimeout, "query_timeout"),
        (.queryTimeout, "query timeout"), (.idleTransactionTimeout, "idle transaction timeout"),
        (.transactionTimeout, "transaction timeout"), (.clientIdleTimeout, "client_idle_timeout"),
        (.serverShuttingDown, "server shutting down"), (.databaseRemoved, "database removed"),
        (.adminDisconnect, "admin forced disconnect"), (.simpleQueryDisallowed, "PQexec disallowed"),
    ]

    /// What the reference has and we say otherwise, on purpose: the codes of failed authentication are Postgres's.
    private static func sqlState(_ reason: CloseReason, _ reference: String) -> String {
        switch reason {
        case .authentication(.saslMechanism): "08P01"
        case .authentication: "28P01"
        default: reference
        }
    }

    @Test func `Texts and codes are those of the reference`() throws {
        let rows = ConsoleFixture.rows("messages.tsv")
        for (reason, text) in Self.reasons {
            let row = try #require(rows.first { $0[2] == text }, "\(text)")
            let message = try #require(reason.message)
            #expect(message.message == row[2] && message.severity.rawValue == row[0])
            #expect(message.sqlState == Self.sqlState(reason, row[1]), "\(text)")
        }
        // And every row is somebody's.
        let texts = Set(Self.reasons.map(\.text))
        for row in rows { #expect(texts.contains(row[2]), "\(row[2])") }
    }

    @Test(
        arguments: [
            .clientRequest, .clientUnexpectedEOF, .ioError(Errno(code: EPIPE)), .unexpectedLoginMessage, .consoleEnded,
            .badCancelRequest, .cancelSettled(.sent), .cancelSettled(.noClient), .cancelSettled(.idle),
            .consoleFailed("bad packet"),
        ] as [CloseReason])
    func `Where nobody listens or nothing helps, nothing is said`(_ reason: CloseReason) {
        #expect(reason.message == nil && !reason.text.isEmpty)
    }

    @Test func `Only a client that leaves by itself is an ordinary end`() {
        #expect(CloseReason.clientRequest.isOrdinary && CloseReason.clientUnexpectedEOF.isOrdinary)
        #expect(Self.reasons.allSatisfy { !$0.reason.isOrdinary })
    }

    @Test func `A server's refusal is passed on with its code and text`() {
        let message = CloseReason.serverLogin(sqlState: "3D000", message: "database \"x\" does not exist").message
        #expect(message == ErrorMessage(.fatal, "3D000", "database \"x\" does not exist"))
    }

    @Test func `What is behind an error, and what helps, is told`() {
        let refused = "connect failed: Connection refused"
        let waited = CloseReason.queryWaitTimeout(lastError: refused).message
        #expect(waited?.detail == "No server connection could be had: \(refused)" && waited?.hint == nil)
        #expect(CloseReason.queryWaitTimeout(lastError: nil).message?.hint?.contains("SHOW POOLS") == true)
        let login = CloseReason.loginTimeout(serverDown: true, lastError: refused).message
        #expect(login?.detail?.contains(refused) == true)
        #expect(CloseReason.invalidServerParameter("bad zone").message?.detail == "bad zone")
        let parameter = CloseReason.unsupportedParameter("work_mem").message
        #expect(parameter?.hint?.contains("ignore_startup_parameters") == true)
        // A fault in our configuration is the log's business.
        #expect(CloseReason.configurationError("secret path").message?.detail == nil)
    }

    @Test func `A database name is cut after 63 bytes, and not inside a character`() {
        let long = String(repeating: "d", count: 100)
        #expect(CloseReason.noSuchDatabase(long).text == "no such database: " + String(repeating: "d", count: 63))
        #expect(String(repeating: "é", count: 40).truncated(toBytes: 63) == String(repeating: "é", count: 31))
        #expect("abc".truncated(toBytes: 3) == "abc" && "abc".truncated(toBytes: 0) == "")
        #expect("👨‍👩‍👧".truncated(toBytes: 10) == "")
    }
}
