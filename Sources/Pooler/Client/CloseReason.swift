/// Why a client is disconnected: the closed list of what can go wrong, each with the SQLSTATE and text that tools match on
/// (PgBouncer's texts), and for a person what to do about it.
enum CloseReason: Equatable, Sendable {
    /// The client said Terminate, or its socket ended.
    case clientRequest
    case clientUnexpectedEOF
    case ioError(Errno)
    case noUsername
    case usernameTooLong
    /// A user or database name that is not in Unicode normalization form C, or no UTF-8.
    case ambiguousName
    case unsupportedParameter(String)
    case unsupportedOption(String)
    case unsupportedOptions
    case badStartupLayout
    case oldProtocol
    case badPacketHeader(String)
    case passwordBeforeStartup
    /// A second startup packet.
    case repeatedStartup
    case unexpectedLoginMessage
    /// A cancel request without a key of our length.
    case badCancelRequest
    /// What a sender of a cancel request is done with.
    case cancelSettled(CancelRequest.Outcome)
    case dataAfterEncryptionRequest(gss: Bool)
    case sslRequired
    /// The handshake failed, or the encrypted stream broke.
    case tls(TLSError)
    case tooManyClients
    case tooManyDatabaseClients
    case tooManyUserClients
    case consoleNotAllowed
    case configurationError(String)
    case authentication(AuthenticationFailure)
    case noSuchDatabase(String)
    case databaseDisabled(String)
    case shuttingDown
    /// A console, whose process is not the one to speak to any more.
    case handedOver
    case loginTimeout(serverDown: Bool, lastError: String?)
    case serverLogin(sqlState: String, message: String)
    case serverCrashed
    case serverClosed
    case invalidServerParameter(String)
    case badServerPacket
    case unknownMessage
    case transactionInStatementMode
    case databaseChanged
    case queryWaitTimeout(lastError: String?)
    case queuedQueryTimeout
    case queryTimeout
    case idleTransactionTimeout
    case transactionTimeout
    case clientIdleTimeout
    case suspendTimeout
    case serverShuttingDown
    case databaseRemoved
    case adminDisconnect
    case simpleQueryDisallowed
    case resourceExhaustion(String)
    /// A server could not say what a session holds, and why.
    case sessionStateUnknown(String)
    /// The console has told its client why.
    case consoleFailed(String)
    /// SHUTDOWN.
    case consoleEnded

    /// What the client is told before the end; nil where there is nobody to tell.
    var message: ErrorMessage? {
        switch self {
        case .clientRequest, .clientUnexpectedEOF, .ioError, .tls, .unexpectedLoginMessage, .badCancelRequest,
            .cancelSettled, .consoleFailed, .consoleEnded:
            nil
        default: ErrorMessage(.fatal, sqlState, text, detail: detail, hint: hint)
        }
    }

    /// The text, equal to PgBouncer's where it has one. It is what the log says too.
    var text: String {
        switch self {
        case .clientRequest: "client close request"
        case .clientUnexpectedEOF: "client unexpected eof"
        case .ioError(let error): "client connection failed: \(error)"
        case .noUsername: "no username supplied"
        case .usernameTooLong: "username too long"
        case .ambiguousName: "user and database names must be UTF-8 in Unicode normalization form C"
        case .unsupportedParameter(let name): "unsupported startup parameter: \(name)"
        case .unsupportedOption(let name): "unsupported startup parameter in options: \(name)"
        case .unsupportedOptions:
            "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed"
        case .badStartupLayout: "invalid startup packet layout: expected terminator as last byte"
        case .oldProtocol: "old V2 protocol not supported"
        case .badPacketHeader(let hex): "bad packet header: '\(hex)'"
        case .passwordBeforeStartup: "client password pkt before startup packet"
        case .repeatedStartup: "client re-sent startup pkt"
        case .unexpectedLoginMessage: "bad packet"
        case .badCancelRequest: "bad cancel request"
        case .cancelSettled(.sent): "successfully sent cancel request"
        case .cancelSettled(.noClient): "failed cancel request"
        case .cancelSettled(.noPeer): "could not find peer to forward request to"
        case .cancelSettled(.idle): "cancel request for idle client"
        case .cancelSettled(.console): "cancel request for console client"
        case .dataAfterEncryptionRequest(let gss):
            "received unencrypted data after \(gss ? "GSSAPI encryption" : "SSL") request"
        case .sslRequired: "SSL required"
        case .tls(let error): error.description
        case .tooManyClients: "no more connections allowed (max_client_conn)"
        case .tooManyDatabaseClients: "client connections exceeded (max_db_client_connections)"
        case .tooManyUserClients: "client connections exceeded (max_user_client_connections)"
        case .consoleNotAllowed: "not allowed"
        case .configurationError: "bouncer config error"
        case .authentication(let failure): failure.message
        case .noSuchDatabase(let name): "no such database: \(name.truncated(toBytes: 63))"
        case .databaseDisabled(let name): "database \"\(name)\" is disabled"
        case .shuttingDown: "pooler is shutting down"
        case .handedOver: "another process has taken over"
        case .loginTimeout(let serverDown, _):
            serverDown ? "client_login_timeout (server down)" : "client_login_timeout"
        case .serverLogin(_, let message): message
        case .serverCrashed: "server conn crashed?"
        case .serverClosed: "server connection closed"
        case .invalidServerParameter: "invalid server parameter"
        case .badServerPacket: "bad pkt header"
        case .unknownMessage: "unknown pkt"
        case .transactionInStatementMode: "transaction blocks not allowed in statement pooling mode"
        case .databaseChanged: "database configuration changed"
        case .queryWaitTimeout: "query_wait_timeout"
        case .queuedQueryTimeout: "query_timeout"
        case .queryTimeout: "query timeout"
        case .idleTransactionTimeout: "idle transaction timeout"
        case .transactionTimeout: "transaction timeout"
        case .clientIdleTimeout: "client_idle_timeout"
        case .suspendTimeout: "suspend_timeout"
        case .serverShuttingDown: "server shutting down"
        case .databaseRemoved: "database removed"
        case .adminDisconnect: "admin forced disconnect"
        case .simpleQueryDisallowed: "PQexec disallowed"
        case .resourceExhaustion: "bouncer resources exhaustion"
        case .sessionStateUnknown: "session state unknown"
        case .consoleFailed(let text): text
        case .consoleEnded: "admin console session ended"
        }
    }

    /// PgBouncer's code for nearly everything; where drivers decide by the code, Postgres's own.
    var sqlState: String {
        switch self {
        case .authentication(let failure): failure.sqlState
        case .serverLogin(let sqlState, _): sqlState
        default: "08P01"
        }
    }

    /// What is behind it, where the text alone would leave a person guessing.
    var detail: String? {
        switch self {
        case .queryWaitTimeout(let error), .loginTimeout(_, let error):
            error.map { "No server connection could be had: \($0)" }
        case .invalidServerParameter(let error), .sessionStateUnknown(let error): error
        default: nil
        }
    }

    var hint: String? {
        switch self {
        case .unsupportedParameter(let name), .unsupportedOption(let name):
            "Add \(name) to track_extra_parameters to have it set on the server, or to ignore_startup_parameters to drop it."
        case .tooManyClients: "Raise max_client_conn, or close idle clients."
        case .queryWaitTimeout(nil): "All server connections of the pool were busy; see SHOW POOLS."
        case .authentication(let failure): failure.hint
        case .sslRequired: "Connect with sslmode=require or above."
        case .transactionInStatementMode: "Use pool_mode = transaction for clients that open transactions."
        default: nil
        }
    }

    /// Whether it is the ordinary end of a connection rather than an error.
    var isOrdinary: Bool {
        switch self {
        case .clientRequest, .clientUnexpectedEOF: true
        default: false
        }
    }

    /// Whether it is an error of ours towards the client (log_pooler_errors); what strangers send that are no clients is none.
    var isPoolerError: Bool {
        switch self {
        case .clientRequest, .clientUnexpectedEOF, .unexpectedLoginMessage, .badCancelRequest, .cancelSettled,
            .consoleEnded:
            false
        default: true
        }
    }
}

extension String {
    /// The longest beginning that has at most `limit` bytes and cuts no character.
    func truncated(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var result = ""
        var size = 0
        for character in self {
            size += character.utf8.count
            if size > limit { break }
            result.append(character)
        }
        return result
    }
}
