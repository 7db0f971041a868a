/// The text of docs/man/pgvalet.5, made from the tables that parse the settings: man(7) source.
public enum ManualPage {
    /// The whole page.
    public static var text: String {
        var page = head
        for (title, definitions) in SettingDefinition.topics {
            page += ".SS \"\(title)\"\n"
            for definition in definitions.sorted(by: { $0.name < $1.name }) { page += entry(definition) }
        }
        page += ".SH \"KEYS OF [DATABASES]\"\n" + paragraphs(SettingsPage.databasesIntroduction)
        page += entries(DatabaseKey.all)
        page += ".SH \"KEYS OF [USERS]\"\n" + paragraphs(SettingsPage.usersIntroduction) + entries(UserKey.all)
        page += ".SH \"KEYS OF [PEERS]\"\n" + paragraphs(SettingsPage.peersIntroduction) + entries(PeerKey.all)
        return page + tail
    }

    private static func entry(_ definition: SettingDefinition) -> String {
        item(definition.name, paragraphs(definition.summary) + ".br\n" + line(SettingsPage.facts(definition)))
    }

    private static func entries<Owner>(_ keys: [ConnectKey<Owner>]) -> String {
        keys.map { key in
            let parts = [key.summary, SettingsPage.type(key.kind) + "."]
            return item(key.name, line(parts.joined(separator: " ")))
        }.joined()
    }

    /// A tagged paragraph.
    private static func item(_ name: String, _ body: String) -> String {
        ".TP\n.B \(escaped(name))\n\(body)"
    }

    /// Text whose paragraphs are separated by blank lines.
    private static func paragraphs(_ text: String) -> String {
        var output = ""
        var isFirst = true
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false).split(whereSeparator: \.isEmpty)
        {
            if !isFirst { output += ".PP\n" }
            isFirst = false
            output += line(paragraph.joined(separator: " "))
        }
        return output
    }

    /// One input line: what stands in backticks is bold, and nothing is taken for a request.
    private static func line(_ text: String) -> String {
        var output = ""
        for (index, piece) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            output += index.isMultiple(of: 2) ? escaped(piece) : "\\fB\(escaped(piece))\\fR"
        }
        let isRequest = output.hasPrefix(".") || output.hasPrefix("'")
        return (isRequest ? "\\&" : "") + output + "\n"
    }

    /// groff_char(7): what is typed must come out so that it can be copied.
    private static func escaped(_ text: some StringProtocol) -> String {
        var output = ""
        for character in text {
            switch character {
            case "\\": output += "\\e"
            case "-": output += "\\-"
            case "^": output += "\\(ha"
            case "~": output += "\\(ti"
            case "'": output += "\\(aq"
            default: output.append(character)
            }
        }
        return output
    }

    private static let head =
        #"""
        .\" Made from the tables in Sources/PoolerConfig: UPDATE_DOCS=1 swift test --filter ManualPageTests
        .TH PGVALET 5 "" pgvalet "File formats"
        .SH NAME
        pgvalet.ini, userlist.txt \- configuration of pgvalet

        """# + ".SH DESCRIPTION\n" + paragraphs(SettingsPage.description)
            + #"""
            .SH EXAMPLE
            .nf
            [databases]
            * = host=127.0.0.1 port=5432

            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = 6432
            auth_type = scram\-sha\-256
            auth_file = /etc/pgvalet/userlist.txt
            pool_mode = transaction
            .fi
            .SH "SETTINGS OF [PGBOUNCER]"

            """#

    private static let tail =
        #"""
        .SH "THE FILE USERLIST.TXT"
        The file that \fBauth_file\fR names has one line for each user, name and secret both in double quotes:
        .PP
        .nf
        "app" "SCRAM\-SHA\-256$4096:...$...:..."
        .fi
        .PP
        The secret is a SCRAM verifier or an md5 hash as in \fBpg_authid.rolpassword\fR, or the password itself.
        A double quote inside either is doubled. Lines that start with \fB;\fR are comments.
        Only the account that pgvalet runs as should be able to read the file.
        .SH FILES
        .TP
        .I /etc/pgvalet/pgvalet.ini
        The configuration of the Debian package's service.
        .TP
        .I /etc/pgvalet/userlist.txt
        Its users.
        .SH "SEE ALSO"
        .BR pgvalet (1)

        """#
}
