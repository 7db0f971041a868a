import Testing

@testable import Pooler

/// DEALLOCATE and DISCARD are found where Postgres would find them, and the name as it would read it.
@Suite struct LeadingCommandTests {
    private func read(_ text: String) -> (command: DiscardCommand, name: String)? {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes { raw in
            guard let leading = LeadingCommand(unsafe RawSpan(_unsafeBytes: raw)) else { return nil }
            return (leading.command, String(decoding: bytes[leading.name], as: UTF8.self))
        }
    }

    @Test(arguments: [
        ("deallocate a", "a", "a"), ("DEALLOCATE PREPARE MixedCase;", "mixedcase", "MixedCase"),
        (" \t\n;deallocate \"Quoted \"\"x\"\"\"", "Quoted \"x\"", "\"Quoted \"\"x\"\"\""),
        ("-- why\nDeallocate/* so */a_1$ ; select 1", "a_1$", "a_1$"), ("/* a /* nested */ */ deallocate b", "b", "b"),
        ("deallocate prepare", "prepare", "prepare"), ("deallocate prepare; select 1", "prepare", "prepare"),
        ("deallocate \"all\"", "all", "\"all\""), ("deallocate Äx", "Äx", "Äx"),
        (
            "deallocate " + String(repeating: "n", count: 70), String(repeating: "n", count: 63),
            String(repeating: "n", count: 70)
        ),
    ])
    func `a name is read`(text: String, name: String, token: String) throws {
        let found = try #require(read(text))
        #expect(found.command == .name(Array(name.utf8)))
        #expect(found.name == token)
    }

    @Test(arguments: [
        "deallocate all", "DEALLOCATE PREPARE ALL", "discard all", "discard plans", "deallocate", "deallocate 1",
        "deallocate U&\"x\"", "deallocate \"", "deallocate \"\"",
    ])
    func `what names nothing that we can read is left to the command tag`(text: String) throws {
        #expect(try #require(read(text)).command == .any)
    }

    @Test(arguments: [
        "", "select 1", "delete from t", "declare c cursor for select 1", "do $$ $$", "deallocated", "/* deallocate a",
        "-- deallocate a", "\"deallocate\" a", "'deallocate a'", "/", "-", "d", ";;",
    ])
    func `other statements are not looked into`(text: String) {
        #expect(read(text) == nil)
    }
}
