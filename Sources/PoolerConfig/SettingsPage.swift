/// The text of docs/settings.md, made from the tables that parse the settings.
public enum SettingsPage {
    /// The whole page, in Markdown.
    public static var text: String {
        var page = introduction
        for (title, definitions) in SettingDefinition.topics {
            page += "\n## \(title)\n"
            for definition in definitions { page += "\n" + entry(definition) }
        }
        page += "\n## Keys of [databases]\n\n" + databasesIntroduction + "\n\n" + table(DatabaseKey.all)
        page += "\n## Keys of [users]\n\n" + usersIntroduction + "\n\n" + table(UserKey.all)
        page += "\n## Keys of [peers]\n\n" + peersIntroduction + "\n\n"
        page += table(PeerKey.all)
        return page
    }

    private static func entry(_ definition: SettingDefinition) -> String {
        "### \(definition.name)\n\n\(definition.summary)\n\n*\(facts(definition))*\n"
    }

    /// Type, default, and where and how it can be changed, as one sentence in Markdown.
    static func facts(_ definition: SettingDefinition) -> String {
        var facts = [type(definition.kind)]
        switch definition.defaultText {
        case nil: facts.append("not set by default")
        case ""?: facts.append("empty by default")
        case let text?: facts.append("default `\(text)`")
        }
        var scopes: [String] = []
        if definition.overrides.contains(.database) { scopes.append("database") }
        if definition.overrides.contains(.user) { scopes.append("user") }
        if !scopes.isEmpty { facts.append("also for a " + Phrase.alternatives(scopes)) }
        facts.append(definition.isChangeable ? "changed by RELOAD and SET" : "changed by a restart only")
        facts.append(definition.since.map(origin) ?? "pgvalet's own")
        return facts.joined(separator: "; ") + "."
    }

    private static func origin(_ since: String) -> String {
        switch since {
        case "<=1.0": "in PgBouncer from the beginning"
        case "after 1.25": "in PgBouncer after 1.25"
        default: "in PgBouncer since \(since)"
        }
    }

    static func type(_ kind: SettingKind) -> String {
        switch kind {
        case .integer, .boolean: kind.expectation.prefix(1).uppercased() + kind.expectation.dropFirst()
        case .time: "Seconds"
        case .choice(let words): Phrase.alternatives(words)
        case .words: "Words separated by commas"
        case .text: "Text"
        case .path: "Path"
        case .hostAndPort: "`host:port`, or empty"
        }
    }

    private static func table<Owner>(_ keys: [ConnectKey<Owner>]) -> String {
        var text = "| key | value | meaning |\n|---|---|---|\n"
        for key in keys {
            var meaning = key.summary
            if key.isPartOfConnection { meaning += " A change closes server connections when they are free." }
            text += "| `\(key.name)` | \(type(key.kind)) | \(meaning) |\n"
        }
        return text
    }

    private static let introduction = """
        # Settings

        <!-- Made from the tables in Sources/PoolerConfig: UPDATE_DOCS=1 swift test --filter SettingsPageTests -->

        \(description)

        """

    /// The file as a whole.
    static let description = """
        The configuration file is PgBouncer's: sections `[pgbouncer]` (or `[pgvalet]`), `[databases]`, `[users]` and
        `[peers]`, each with lines `key = value`. Lines that start with `;` or `#` are comments; after a number, a time, a
        yes or no, or a word from a list, ` ; ...` is a comment too. `%include file` reads another file. Sections may be
        repeated and merge; a key that is given twice is a warning, and the last one counts.

        A file is taken whole or not at all: with the first error, which names file, line and key, the daemon does not
        start, and RELOAD changes nothing.

        Yes or no is 0 or 1 (also on, off, true, false, yes, no). Times are seconds, fractions allowed.
        """

    static let databasesIntroduction = """
        `name = key=value ...`; the name `*` stands for every database without an entry. Names of other characters than
        letters, digits, `_ . -` stand in quotes. A value with blanks stands in single quotes, a quote in it is doubled.
        A negative number inherits the setting.
        """

    static let usersIntroduction = """
        `name = key=value ...`. What is set here beats the database and the setting. Under a forced user,
        `max_user_client_connections`, `query_wait_timeout` and `client_idle_timeout` are looked up under the name that the
        client logs in with, everything else under the forced name.
        """

    static let peersIntroduction = "`number = key=value ...`, the number from 1 to 65535."
}
