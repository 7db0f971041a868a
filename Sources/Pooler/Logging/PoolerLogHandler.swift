import Logging

extension Logger {
    /// The logger of the process, for whoever is not given one.
    static let process = LogOutput.process.logger
}

/// swift-log's way to a `LogOutput`.
struct PoolerLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let output: LogOutput
    private var ownLevel: Logger.Level?

    /// The output's level, which RELOAD changes, unless this logger was given one of its own.
    var logLevel: Logger.Level {
        get { ownLevel ?? output.minimumLevel }
        set { ownLevel = newValue }
    }

    init(output: LogOutput) {
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Metadata follows the message as ` key=value`, sorted by key.
    func log(event: LogEvent) {
        var text = event.message.description
        if let error = event.error { text += ": \(error)" }
        var values = metadata
        if let provided = metadataProvider?.get() { values.merge(provided) { _, new in new } }
        if let own = event.metadata { values.merge(own) { _, new in new } }
        var subject: LogSubject?
        if case .stringConvertible(let value) = values.removeValue(forKey: SubjectLog.key) {
            subject = value as? LogSubject
        }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) { text += " \(key)=\(value)" }
        output.write(event.level, text, about: subject)
    }
}
