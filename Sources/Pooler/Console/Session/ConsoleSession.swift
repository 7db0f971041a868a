import DequeModule

/// The machine of a client that is logged in to the console. It reads commands in the simple and the extended protocol,
/// and answers each exactly once, in order.
///
/// While a command waits for its report or effect, further messages are kept, up to a bound.
struct ConsoleSession: Sendable {
    /// The longest body that is looked at; a longer one gets "bad arguments". Commands are short.
    static let maximumBody = 16 * 1024
    /// How many messages may wait behind a running command, and how many bytes they may hold together.
    static let maximumWaiting = (messages: 256, bytes: 64 * 1024)

    /// Who is owed the answer of a command.
    private enum Origin {
        case query
        /// - Parameter limit: how many rows it wants, 0 for all.
        case execute(portal: String, limit: Int)
    }

    private enum State {
        /// → gathering, running, closed
        case ready
        /// → ready
        case gathering(ShowTable, Origin)
        /// → ready, closed
        case running(ConsoleEffect, Origin, isCancelled: Bool)
        case closed
    }

    private struct Message {
        let type: FrontendMessageType
        /// nil when it was too long to be kept.
        let body: [UInt8]?
    }

    let role: ConsoleRole
    private var state = State.ready
    private var book = ConsoleStatementBook()
    private var waiting: Deque<Message> = []
    private var waitingBytes = 0
    /// After an error in the extended protocol nothing counts until Sync.
    private var skipsUntilSync = false
    /// What the present event has to send, and the one action that follows it.
    private var output = MessageWriter()
    private var request: ConsoleAction?
    private var refusals: [ConsoleError] = []

    init(role: ConsoleRole) { self.role = role }

    /// Whether a new session would be no different.
    var isAtRest: Bool {
        guard case .ready = state else { return false }
        return book.isEmpty && !skipsUntilSync
    }

    /// A message came from the client. The body is what follows its length field.
    mutating func messageReceived(type: FrontendMessageType, body: RawSpan) -> [ConsoleAction] {
        let message = Message(
            type: type,
            body: body.byteCount > Self.maximumBody ? nil : unsafe body.withUnsafeBytes { unsafe Array($0) })
        switch state {
        case .ready: handle(message)
        case .gathering, .running: keep(message)
        case .closed: break
        }
        return actions()
    }

    /// The report that was asked for is complete.
    mutating func reportArrived(_ report: PoolerReport) -> [ConsoleAction] {
        guard case .gathering(let table, let origin) = state else { return [] }
        state = .ready
        let rows = table.rows(report)
        switch origin {
        case .query:
            table.writeRowDescription(formats: [], to: &output)
            for row in rows { ShowTable.writeDataRow(row, formats: [], to: &output) }
            complete("SHOW", for: origin)
        case .execute(let portal, let limit):
            send(rows[...], of: portal, limit: limit)
        }
        return resume()
    }

    /// The effect that was asked for is done, or has failed.
    mutating func effectCompleted(_ result: ConsoleEffectResult) -> [ConsoleAction] {
        guard case .running(let effect, let origin, _) = state else { return [] }
        state = .ready
        switch result {
        case .done(let notices):
            for notice in notices { output.notice(notice) }
            if effect == .shutdown(.immediate) {
                end(.shutDown)
            } else {
                complete(effect.tag, for: origin)
            }
        case .failed(let error, let notices):
            for notice in notices { output.notice(notice) }
            fail(error, for: origin)
        }
        return resume()
    }

    /// A cancel request for this session came. It reaches what waits; everything else answers at once anyway.
    mutating func cancelled() -> [ConsoleAction] {
        guard case .running(let effect, let origin, isCancelled: false) = state else { return [] }
        state = .running(effect, origin, isCancelled: true)
        return [.cancelRun]
    }
}

// MARK: Messages

extension ConsoleSession {
    private mutating func keep(_ message: Message) {
        waitingBytes += message.body?.count ?? 0
        waiting.append(message)
        if waiting.count > Self.maximumWaiting.messages || waitingBytes > Self.maximumWaiting.bytes {
            abort(.tooManyMessages)
        }
    }

    /// Goes on with the messages that came in the meantime.
    private mutating func resume() -> [ConsoleAction] {
        while case .ready = state, let message = waiting.popFirst() {
            waitingBytes -= message.body?.count ?? 0
            handle(message)
        }
        return actions()
    }

    private mutating func actions() -> [ConsoleAction] {
        defer {
            output = MessageWriter()
            request = nil
            refusals = []
        }
        return (output.bytes.isEmpty ? [] : [.send(output.bytes)]) + refusals.map { .refused($0) }
            + (request.map { [$0] } ?? [])
    }

    private mutating func handle(_ message: Message) {
        switch message.type {
        case .terminate: end(.terminated)
        case .sync: synced()
        case _ where skipsUntilSync: break
        case .query: query(message.body)
        case .parse, .bind, .describe, .execute, .close:
            do throws(ConsoleError) {
                guard let body = message.body else { throw .badArguments }
                try extended(message.type, body)
            } catch {
                refuse(error)
                skipsUntilSync = true
            }
        // Every answer is sent as it is made.
        case .flush: break
        default:
            refuse(.unsupportedPacket(message.type))
            output.readyForQuery()
            abort(.badPacket)
        }
    }

    private mutating func query(_ body: [UInt8]?) {
        book.simpleQueryBegan()
        do throws(ConsoleError) {
            guard let body else { throw .badArguments }
            var reader = ConsoleMessageReader(body)
            guard let text = reader.cString(), reader.isAtEnd else { throw .brokenPacket("Query") }
            perform(try ConsoleCommand.parse(text, for: role), for: .query)
        } catch {
            fail(error, for: .query)
        }
    }

    private mutating func synced() {
        skipsUntilSync = false
        book.transactionEnded()
        output.readyForQuery()
    }

    private mutating func extended(_ type: FrontendMessageType, _ body: [UInt8]) throws(ConsoleError) {
        switch type {
        case .parse:
            try book.parse(body, for: role)
            output.message(.parseComplete)
        case .bind:
            try book.bind(body)
            output.message(.bindComplete)
        case .close:
            try book.close(body)
            output.message(.closeComplete)
        case .describe: describe(try book.describe(body))
        case .execute: try execute(body)
        default: throw .unsupportedPacket(type)
        }
    }

    private mutating func describe(_ description: ConsoleStatementBook.Description) {
        let table: ShowTable?
        let formats: [ShowFormat]
        switch description {
        case .statement(let command):
            output.message(.parameterDescription) { $0.int16(0) }
            (table, formats) = (command.table, [])
        case .portal(let portal):
            (table, formats) = (portal.command.table, portal.formats)
        }
        if let table {
            table.writeRowDescription(formats: formats, to: &output)
        } else {
            output.message(.noData)
        }
    }

    private mutating func execute(_ body: [UInt8]) throws(ConsoleError) {
        var reader = ConsoleMessageReader(body)
        guard let name = reader.cString(), let limit = reader.int32(), reader.isAtEnd else {
            throw .brokenPacket("Execute")
        }
        let portal = try book.portal(named: name)
        switch portal.progress {
        case .bound:
            book.portalAdvanced(name, to: .finished)
            perform(portal.command, for: .execute(portal: name, limit: Int(max(limit, 0))))
        case .suspended(let rows): send(rows, of: name, limit: Int(max(limit, 0)))
        case .finished:
            guard portal.command.table != nil else { throw .portalIsDone(name) }
            send([], of: name, limit: 0)
        }
    }
}

// MARK: Answers

extension ConsoleSession {
    private mutating func perform(_ command: ConsoleCommand, for origin: Origin) {
        switch command {
        case .show(let table):
            state = .gathering(table, origin)
            request = .gatherReport
        case .help:
            output.notice("Console usage", detail: ConsoleCommandTable.usage)
            complete("SHOW", for: origin)
        case .ignoredSetting:
            output.notice("SET ignored")
            complete("SET", for: origin)
        case .run(let effect):
            state = .running(effect, origin, isCancelled: false)
            request = .run(effect)
        }
    }

    /// Sends a portal's rows, or the first of them.
    private mutating func send(_ rows: ArraySlice<[ShowValue]>, of name: String, limit: Int) {
        let formats = (try? book.portal(named: name))?.formats ?? []
        let sent = limit == 0 ? rows : rows.prefix(limit)
        for row in sent { ShowTable.writeDataRow(row, formats: formats, to: &output) }
        // Like Postgres, a full portion says "suspended" even when nothing is left.
        if limit > 0 && sent.count == limit {
            book.portalAdvanced(name, to: .suspended(rows.dropFirst(limit)))
            output.message(.portalSuspended)
        } else {
            book.portalAdvanced(name, to: .finished)
            output.commandComplete("SHOW")
        }
    }

    private mutating func complete(_ tag: String, for origin: Origin) {
        output.commandComplete(tag)
        switch origin {
        case .query: output.readyForQuery()
        case .execute: break
        }
    }

    private mutating func refuse(_ error: ConsoleError) {
        output.error(error, severity: "ERROR")
        refusals.append(error)
    }

    private mutating func fail(_ error: ConsoleError, for origin: Origin) {
        refuse(error)
        switch origin {
        case .query: output.readyForQuery()
        case .execute: skipsUntilSync = true
        }
    }

    private mutating func abort(_ error: ConsoleError) {
        output.error(error, severity: "FATAL")
        end(.failed(error))
    }

    private mutating func end(_ reason: ConsoleCloseReason) {
        state = .closed
        waiting = []
        book = ConsoleStatementBook()
        request = .close(reason)
    }
}
