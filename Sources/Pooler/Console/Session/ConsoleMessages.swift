/// The messages that console answers are made of.
extension MessageWriter {
    /// ErrorResponse; the severity is ERROR or FATAL.
    mutating func error(_ error: ConsoleError, severity: String) {
        fields(.errorResponse, severity: severity, sqlState: error.sqlState, message: error.message, detail: nil)
    }

    /// NoticeResponse.
    mutating func notice(_ message: String, detail: String? = nil) {
        fields(.noticeResponse, severity: "NOTICE", sqlState: "00000", message: message, detail: detail)
    }

    mutating func commandComplete(_ tag: String) {
        message(.commandComplete) { $0.cString(tag) }
    }

    /// The console knows no transactions.
    mutating func readyForQuery() {
        message(.readyForQuery) { $0.uint8(TransactionStatus.idle.rawValue) }
    }

    private mutating func fields(
        _ type: BackendMessageType, severity: String, sqlState: String, message text: String, detail: String?
    ) {
        message(type) { body in
            let fields =
                [("S", severity), ("V", severity), ("C", sqlState), ("M", text)] + (detail.map { [("D", $0)] } ?? [])
            for (key, value) in fields {
                body.raw(key.utf8)
                body.cString(value)
            }
            body.uint8(0)
        }
    }
}
