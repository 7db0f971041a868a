import Testing

@testable import PoolerConfig

@Suite struct PasswordCommandTests {
    @Test(arguments: [
        ("/bin/token", ["/bin/token"]),
        ("  token \t -u  app ", ["token", "-u", "app"]),
        (#"sh -c "echo $PGUSER""#, ["sh", "-c", "echo $PGUSER"]),
        (#"sh -c 'echo "x"'"#, ["sh", "-c", #"echo "x""#]),
        (#"token "a ""b"" c" '' x"y z"'!'"#, ["token", #"a "b" c"#, "", "xy z!"]),
        (#"token \n $HOME *.txt ; rm"#, ["token", #"\n"#, "$HOME", "*.txt", ";", "rm"]),
    ])
    func `words are split at blanks, and quotes keep them together`(text: String, arguments: [String]) throws {
        #expect(try PasswordCommand(text).arguments == arguments)
        #expect(try PasswordCommand(text).text == text)
    }

    @Test(arguments: [#"token "a"#, "token 'a", #"token "a"""#, "   ", #""" x"#])
    func `what cannot be run is an error that does not repeat it`(text: String) {
        let error = #expect(throws: ValueError.self) { try PasswordCommand(text) }
        #expect(error?.found.contains("token") == false)
    }

    @Test func `an entry of users goes before the database, and that before the setting`() throws {
        let configuration = try load(
            """
            [databases]
            plain =
            own = password_command='database -x'
            fixed = user=u password=p
            both = user=u password=p password_command=database
            [users]
            special = password_command=user
            [pgbouncer]
            password_command = global --all
            """)
        func program(_ database: String, _ user: String) -> [String]? {
            configuration.database(named: database).flatMap {
                configuration.poolSettings(database: $0, user: user).passwordCommand?.arguments
            }
        }
        #expect(program("plain", "app") == ["global", "--all"])
        #expect(program("own", "app") == ["database", "-x"])
        #expect(program("fixed", "u") == nil)
        #expect(program("both", "u") == ["database"])
        #expect(program("fixed", "special") == ["user"])
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `no argument is ever printed`() throws {
        let configuration = try load("[pgbouncer]\npassword_command = token s3cr3t\n")
        #expect(SettingDefinition.named("password_command")?.text(in: configuration.settings) == "(hidden)")
        #expect(!"\(try #require(configuration.settings.passwordCommand))".contains("s3cr3t"))
    }
}
