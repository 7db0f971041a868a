/// All commands of the console: the parser, SHOW HELP and the documentation are made from this one list.
enum ConsoleCommandTable {
    /// In the order of SHOW HELP.
    static let entries: [ConsoleCommandEntry] = [
        .show, .select, .set, .reload, .pause, .resume, .disable, .enable, .reconnect, .kill, .killClient, .suspend,
        .shutdown, .waitClose, .takeOver,
    ]

    private static let entriesByName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })

    /// The command word in any case.
    static func entry(named word: String) -> ConsoleCommandEntry? { entriesByName[word.uppercased()] }

    /// The detail text of SHOW HELP's notice.
    static var usage: String {
        "\n" + entries.flatMap(\.syntax).map { "\t" + $0 }.joined(separator: "\n")
    }
}

/// One row of the command table.
struct ConsoleCommandEntry: Sendable {
    /// How the rest of the command is read. A nil result means that there is no such command.
    enum Grammar: Sendable {
        /// `WORD` or `WORD argument`.
        case word(@Sendable (_ argument: String?) throws(ConsoleError) -> ConsoleCommand?)
        /// `WORD key = value`.
        case assignment(@Sendable (_ key: String, _ value: String) throws(ConsoleError) -> ConsoleCommand?)
    }

    /// The command word in capitals.
    let name: String
    /// Lines of SHOW HELP; none for an alias.
    let syntax: [String]
    /// Whether a stats user is refused before the arguments are looked at. Where this is false, what the arguments
    /// turn out to ask for decides.
    let isForAdminsOnly: Bool
    let grammar: Grammar

    init(_ name: String, syntax: [String], isForAdminsOnly: Bool, grammar: Grammar) {
        self.name = name
        self.syntax = syntax
        self.isForAdminsOnly = isForAdminsOnly
        self.grammar = grammar
    }

    /// Whether the command is written as its grammar wants it.
    func takes(_ arguments: ConsoleStatement.Arguments) -> Bool {
        switch (grammar, arguments) {
        case (.word, .none), (.word, .word), (.assignment, .assignment): true
        case (.word, .assignment), (.assignment, .none), (.assignment, .word): false
        }
    }

    func command(from statement: ConsoleStatement) throws(ConsoleError) -> ConsoleCommand? {
        switch (grammar, statement.arguments) {
        case (.word(let parse), .none): try parse(nil)
        case (.word(let parse), .word(let argument)): try parse(argument)
        case (.assignment(let parse), .assignment(let key, let value)): try parse(key, value)
        case (.word, .assignment), (.assignment, .none), (.assignment, .word): nil
        }
    }
}

extension ConsoleCommandEntry {
    /// `WORD [<db>]`; an empty name counts as none.
    static func optionalDatabase(
        _ name: String, _ effect: @escaping @Sendable (String?) -> ConsoleEffect
    ) -> Self {
        Self(
            name, syntax: ["\(name) [<db>]"], isForAdminsOnly: true,
            grammar: .word { argument in .run(effect(argument.flatMap { $0.isEmpty ? nil : $0 })) })
    }

    /// `WORD <db>`.
    static func requiredDatabase(
        _ name: String, _ effect: @escaping @Sendable (String) -> ConsoleEffect
    ) -> Self {
        Self(
            name, syntax: ["\(name) <db>"], isForAdminsOnly: true,
            grammar: .word { argument throws(ConsoleError) in
                guard let argument, !argument.isEmpty else { throw .databaseRequired }
                return .run(effect(argument))
            })
    }

    /// A bare `WORD`, whose arguments are refused before the permission is checked.
    static func bare(_ name: String, _ effect: ConsoleEffect) -> Self {
        Self(
            name, syntax: [name], isForAdminsOnly: false,
            grammar: .word { argument in (argument ?? "").isEmpty ? .run(effect) : nil })
    }
}
