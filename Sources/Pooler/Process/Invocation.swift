/// What a command line asks for. Read as getopt_long(3) reads it, with its messages: options and file in any order,
/// short ones in a row (`-vvq`), long ones shortened as far as they stay unique, `--` before a file that starts with a dash.
public enum Invocation: Sendable, Equatable {
    case run(DaemonOptions)

    /// `-V`: print the version, exit 0.
    case showVersion

    /// `-h`: print the usage, exit 0.
    case showUsage

    /// Print the message to standard error, exit 1.
    case refuse(String)

    /// - Parameter arguments: the command line without the program's name.
    public init(arguments: some Sequence<String>, program: ProgramName) {
        var reader = Reader(arguments: Array(arguments))
        do throws(Refusal) {
            self = try reader.read()
        } catch {
            self = .refuse(
                "\(program.rawValue): \(error.reason)\nTry \"\(program.rawValue) --help\" for more information.")
        }
    }

    /// What `-h` prints.
    public static func usage(program: ProgramName) -> String {
        let rows = Option.allCases.map { option in
            let long = option.argument.map { "\(option.rawValue)=\($0)" } ?? option.rawValue
            let names = "  -\(option.short), --\(long)"
            return names + String(repeating: " ", count: max(2, 23 - names.count)) + option.help
        }
        return """
            \(program.rawValue) is a connection pooler for PostgreSQL.

            Usage:
              \(program.rawValue) [OPTION]... CONFIG_FILE

            Options:
            \(rows.joined(separator: "\n"))
            """
    }
}

/// The options by their long names, in the order in which the usage lists them.
private enum Option: String, CaseIterable {
    case daemon, quiet, reboot, user, verbose, version, help

    private var row: (short: Character, argument: String?, help: String) {
        switch self {
        case .daemon: ("d", nil, "run in background (as a daemon)")
        case .quiet: ("q", nil, "run quietly")
        case .reboot: ("R", nil, "do an online reboot")
        case .user: ("u", "USERNAME", "assume identity of USERNAME")
        case .verbose: ("v", nil, "increase verbosity")
        case .version: ("V", nil, "show version, then exit")
        case .help: ("h", nil, "show this help, then exit")
        }
    }

    var short: Character { row.short }
    var argument: String? { row.argument }
    var help: String { row.help }
}

private struct Refusal: Error {
    var reason: String
}

/// Walks over the arguments once.
private struct Reader {
    private var arguments: ArraySlice<String>
    private var files: [String] = []
    private var options = DaemonOptions(configurationFile: "")

    init(arguments: [String]) {
        self.arguments = arguments[...]
    }

    mutating func read() throws(Refusal) -> Invocation {
        while let argument = arguments.popFirst() {
            let answer: Invocation?
            if argument == "--" {
                files += arguments
                break
            } else if argument.hasPrefix("--") {
                answer = try readLong(argument.dropFirst(2))
            } else if argument.hasPrefix("-"), argument != "-" {
                answer = try readShort(argument.dropFirst())
            } else {
                files.append(argument)
                answer = nil
            }
            if let answer { return answer }
        }
        guard files.count == 1, let file = files.first else { throw Refusal(reason: "no configuration file specified") }
        options.configurationFile = file
        return .run(options)
    }

    private mutating func readLong(_ text: Substring) throws(Refusal) -> Invocation? {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let option = try Self.option(named: parts.first ?? "", in: text)
        guard option.argument != nil else {
            if parts.count > 1 { throw Refusal(reason: "option '--\(option.rawValue)' doesn't allow an argument") }
            return apply(option, value: "")
        }
        guard let value = parts.count > 1 ? String(parts[1]) : arguments.popFirst() else {
            throw Refusal(reason: "option '--\(option.rawValue)' requires an argument")
        }
        return apply(option, value: value)
    }

    private mutating func readShort(_ cluster: Substring) throws(Refusal) -> Invocation? {
        var rest = cluster
        while let letter = rest.popFirst() {
            guard let option = Option.allCases.first(where: { $0.short == letter }) else {
                throw Refusal(reason: "invalid option -- '\(letter)'")
            }
            var value = ""
            if option.argument != nil {
                guard let given = rest.isEmpty ? arguments.popFirst() : String(rest) else {
                    throw Refusal(reason: "option requires an argument -- '\(letter)'")
                }
                value = given
                rest = ""
            }
            if let answer = apply(option, value: value) { return answer }
        }
        return nil
    }

    private static func option(named name: Substring, in text: Substring) throws(Refusal) -> Option {
        if let exact = Option(rawValue: String(name)) { return exact }
        let matches = Option.allCases.filter { $0.rawValue.hasPrefix(name) }
        guard let match = matches.first else { throw Refusal(reason: "unrecognized option '--\(text)'") }
        guard matches.count == 1 else {
            let names = matches.map { "'--\($0.rawValue)'" }.joined(separator: " ")
            throw Refusal(reason: "option '--\(text)' is ambiguous; possibilities: \(names)")
        }
        return match
    }

    /// Takes the option in; an answer ends the reading, whatever follows.
    private mutating func apply(_ option: Option, value: String) -> Invocation? {
        switch option {
        case .daemon: options.daemon = true
        case .quiet: options.quiet = true
        case .reboot: options.reboot = true
        case .user: options.user = value
        case .verbose: options.verbosity += 1
        case .version: return .showVersion
        case .help: return .showUsage
        }
        return nil
    }
}
