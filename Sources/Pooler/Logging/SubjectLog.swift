import Logging

/// A logger whose messages may begin with what they are about: `log.info("\(label) login attempt: ...")`. The label is kept
/// apart from the text, so that nothing has to be read out of text again that strangers have a part in.
struct SubjectLog: Sendable {
    /// The metadata under which `PoolerLogHandler` finds the subject.
    static let key = "pgvalet-subject"

    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    func info(_ message: @autoclosure () -> Message) { log(.info, message()) }

    func warning(_ message: @autoclosure () -> Message) { log(.warning, message()) }

    func error(_ message: @autoclosure () -> Message) { log(.error, message()) }

    func debug(_ message: @autoclosure () -> Message) { log(.debug, message()) }

    private func log(_ level: Logger.Level, _ message: @autoclosure () -> Message) {
        guard level >= logger.logLevel else { return }
        let message = message()
        let metadata = message.subject.map { [Self.key: Logger.MetadataValue.stringConvertible($0)] }
        logger.log(level: level, "\(message.text)", metadata: metadata)
    }

    /// A text, and what it is about.
    struct Message: ExpressibleByStringInterpolation, Sendable {
        let subject: LogSubject?
        /// What follows the subject, the blank between them included.
        let text: String

        init(stringLiteral text: String) {
            (subject, self.text) = (nil, text)
        }

        init(stringInterpolation: Interpolation) {
            subject = stringInterpolation.subject
            text = String(stringInterpolation: stringInterpolation.text)
        }
    }

    /// Takes the label out of the front of a message.
    struct Interpolation: StringInterpolationProtocol {
        fileprivate var subject: LogSubject?
        fileprivate var text: DefaultStringInterpolation
        private var isEmpty = true

        init(literalCapacity: Int, interpolationCount: Int) {
            text = DefaultStringInterpolation(
                literalCapacity: literalCapacity, interpolationCount: interpolationCount)
        }

        mutating func appendLiteral(_ literal: String) {
            isEmpty = isEmpty && literal.isEmpty
            text.appendLiteral(literal)
        }

        mutating func appendInterpolation(_ label: SocketLabel) { append(.connection(label)) }

        mutating func appendInterpolation(_ label: PoolLabel) { append(.pool(label)) }

        mutating func appendInterpolation(_ value: some TextOutputStreamable & CustomStringConvertible) {
            isEmpty = false
            text.appendInterpolation(value)
        }

        mutating func appendInterpolation(_ value: some TextOutputStreamable) {
            isEmpty = false
            text.appendInterpolation(value)
        }

        mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            isEmpty = false
            text.appendInterpolation(value)
        }

        mutating func appendInterpolation<Value>(_ value: Value) {
            isEmpty = false
            text.appendInterpolation(value)
        }

        private mutating func append(_ new: LogSubject) {
            if isEmpty, subject == nil { subject = new } else { text.appendInterpolation(new) }
            isEmpty = false
        }
    }
}

extension SubjectLog.Message {
    typealias StringInterpolation = SubjectLog.Interpolation
}

extension LogSubject: CustomStringConvertible {
    var description: String {
        var text = ""
        write(to: &text)
        return text
    }
}
