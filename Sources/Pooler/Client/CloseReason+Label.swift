/// The reasons as words of the metrics: a closed list, without anything that a client said.
extension CloseReason {
    var label: String {
        switch self {
        case .clientRequest: "client_request"
        case .clientUnexpectedEOF: "client_unexpected_eof"
        case .ioError: "io_error"
        case .noUsername: "no_username"
        case .usernameTooLong: "username_too_long"
        case .ambiguousName: "ambiguous_name"
        case .unsupportedParameter, .unsupportedOption, .unsupportedOptions: "unsupported_parameter"
        case .badStartupLayout, .badPacketHeader, .unknownMessage, .passwordBeforeStartup, .repeatedStartup,
            .unexpectedLoginMessage, .badCancelRequest, .dataAfterEncryptionRequest:
            "protocol_violation"
        case .cancelSettled(.sent): "cancel_sent"
        case .cancelSettled(.noClient), .cancelSettled(.noPeer): "cancel_failed"
        case .cancelSettled(.idle), .cancelSettled(.console): "cancel_settled"
        case .oldProtocol: "old_protocol"
        case .sslRequired: "ssl_required"
        case .tls: "tls"
        case .tooManyClients: "max_client_conn"
        case .tooManyDatabaseClients: "max_db_client_connections"
        case .tooManyUserClients: "max_user_client_connections"
        case .consoleNotAllowed: "console_not_allowed"
        case .configurationError: "configuration_error"
        case .authentication: "authentication"
        case .noSuchDatabase: "no_such_database"
        case .databaseDisabled: "database_disabled"
        case .shuttingDown, .serverShuttingDown: "shutdown"
        case .handedOver: "handed_over"
        case .loginTimeout: "client_login_timeout"
        case .serverLogin: "server_login_failed"
        case .serverCrashed, .serverClosed: "server_closed"
        case .invalidServerParameter: "invalid_server_parameter"
        case .badServerPacket: "bad_server_packet"
        case .transactionInStatementMode: "transaction_in_statement_mode"
        case .databaseChanged: "database_changed"
        case .queryWaitTimeout: "query_wait_timeout"
        case .queuedQueryTimeout, .queryTimeout: "query_timeout"
        case .idleTransactionTimeout: "idle_transaction_timeout"
        case .transactionTimeout: "transaction_timeout"
        case .clientIdleTimeout: "client_idle_timeout"
        case .suspendTimeout: "suspend_timeout"
        case .databaseRemoved: "database_removed"
        case .adminDisconnect: "admin_disconnect"
        case .simpleQueryDisallowed: "simple_query_disallowed"
        case .resourceExhaustion: "resource_exhaustion"
        case .sessionStateUnknown: "session_state_unknown"
        case .consoleFailed: "console_failed"
        case .consoleEnded: "console_ended"
        }
    }
}

/// Likewise for servers.
extension ServerFailure {
    var label: String {
        switch self {
        case .lookUp: "dns"
        case .passwordCommand: "password_command"
        case .connect: "connect"
        case .connectTimeout: "connect_timeout"
        case .tlsRefused, .unencryptedData, .tls: "tls"
        case .authentication: "authentication"
        case .refused: "refused"
        case .protocolViolation, .tooTalkative: "protocol_violation"
        case .connectQueryLeftTransaction: "connect_query"
        case .endOfFile: "end_of_file"
        case .io: "io_error"
        }
    }
}
