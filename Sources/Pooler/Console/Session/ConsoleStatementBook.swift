/// The prepared statements and portals of one console session (PostgreSQL manual, "Extended Query"), bounded in number.
///
/// Console commands take no parameters, so a statement is just the command that was understood at Parse.
struct ConsoleStatementBook: Sendable {
    /// Statements, and portals, that one session may hold.
    static let capacity = 64

    /// A bound command.
    struct Portal: Sendable {
        /// How far Execute has come.
        enum Progress: Sendable {
            /// → suspended, finished
            case bound
            /// Rows that a limited Execute left. → suspended, finished
            case suspended(ArraySlice<[ShowValue]>)
            case finished
        }

        let command: ConsoleCommand
        let formats: [ShowFormat]
        var progress = Progress.bound
    }

    private var statements: [String: ConsoleCommand] = [:]
    private var portals: [String: Portal] = [:]

    var isEmpty: Bool { statements.isEmpty && portals.isEmpty }

    mutating func parse(_ body: [UInt8], for role: ConsoleRole) throws(ConsoleError) {
        var reader = ConsoleMessageReader(body)
        guard let name = reader.cString(), let text = reader.cString(), let types = reader.int16(), types >= 0 else {
            throw .brokenPacket("Parse")
        }
        for _ in 0..<types where reader.int32() == nil { throw .brokenPacket("Parse") }
        guard reader.isAtEnd else { throw .brokenPacket("Parse") }
        if name.isEmpty {
            statements[name] = nil
        } else if statements[name] != nil {
            throw .duplicateStatement(name)
        }
        guard statements.count < Self.capacity, name.utf8.count <= 1024 else { throw .tooManyStatements }
        statements[name] = try ConsoleCommand.parse(text, for: role)
    }

    mutating func bind(_ body: [UInt8]) throws(ConsoleError) {
        var reader = ConsoleMessageReader(body)
        guard let portal = reader.cString(), let name = reader.cString(), reader.int16List() != nil,
            let parameters = reader.skipValues(), let codes = reader.int16List(), reader.isAtEnd
        else { throw .brokenPacket("Bind") }
        guard let command = statements[name] else { throw .noSuchStatement(name) }
        guard parameters == 0 else { throw .parameterCount(parameters, statement: name) }
        let formats = try Self.formats(codes, columns: command.table?.headers.count ?? 0)
        if portal.isEmpty {
            portals[portal] = nil
        } else if portals[portal] != nil {
            throw .duplicatePortal(portal)
        }
        guard portals.count < Self.capacity, portal.utf8.count <= 1024 else { throw .tooManyPortals }
        portals[portal] = Portal(command: command, formats: formats)
    }

    /// Closing what does not exist is no error.
    mutating func close(_ body: [UInt8]) throws(ConsoleError) {
        switch try Self.target(body, "Close") {
        case .statement(let name): statements[name] = nil
        case .portal(let name): portals[name] = nil
        }
    }

    /// What a Describe asks for.
    enum Description {
        case statement(ConsoleCommand)
        case portal(Portal)
    }

    func describe(_ body: [UInt8]) throws(ConsoleError) -> Description {
        switch try Self.target(body, "Describe") {
        case .statement(let name):
            guard let command = statements[name] else { throw .noSuchStatement(name) }
            return .statement(command)
        case .portal(let name): return .portal(try portal(named: name))
        }
    }

    func portal(named name: String) throws(ConsoleError) -> Portal {
        guard let portal = portals[name] else { throw .noSuchPortal(name) }
        return portal
    }

    /// Notes how far an Execute has come.
    mutating func portalAdvanced(_ name: String, to progress: Portal.Progress) {
        portals[name]?.progress = progress
    }

    /// Sync ends the transaction, and with it every portal.
    mutating func transactionEnded() { portals = [:] }

    /// A simple Query uses the unnamed statement up.
    mutating func simpleQueryBegan() {
        statements[""] = nil
        portals = [:]
    }

    private enum Target {
        case statement(String)
        case portal(String)
    }

    private static func target(_ body: [UInt8], _ message: String) throws(ConsoleError) -> Target {
        var reader = ConsoleMessageReader(body)
        guard let kind = reader.byte(), let name = reader.cString(), reader.isAtEnd else {
            throw .brokenPacket(message)
        }
        return switch kind {
        case UInt8(ascii: "S"): .statement(name)
        case UInt8(ascii: "P"): .portal(name)
        default: throw .brokenPacket(message)
        }
    }

    private static func formats(_ codes: [Int16], columns: Int) throws(ConsoleError) -> [ShowFormat] {
        guard codes.count <= 1 || codes.count == columns else {
            throw .formatCount(codes.count, columns: columns)
        }
        var formats: [ShowFormat] = []
        for code in codes {
            guard let format = ShowFormat(rawValue: code) else { throw .unsupportedFormat(code) }
            formats.append(format)
        }
        return formats
    }
}
