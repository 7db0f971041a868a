import Testing

@testable import PoolerConfig

@Suite("auth_file")
struct AuthFileTests {
    private func file(_ text: String) -> AuthFile {
        AuthFile(Array(text.utf8), path: "users.txt")
    }

    @Test func `A record is a name and a secret, the rest of its line is ignored`() {
        let file = file("\"a\" \"x\" whatever\n\n; comment\n \t\"b\"\"c\"   \"y\"\"z\"\r\n\"d\"\"\"\n\"e\" \"\"")
        #expect(file.secrets["a"] == "x")
        #expect(file.secrets["b\"c"] == "y\"z")
        #expect(file.warnings.map(\.description).contains { $0.hasPrefix("users.txt:5: broken auth file") })
        #expect(file.secrets["e"] == nil)
    }

    @Test func `An empty secret is a user without one`() {
        #expect(file("\"a\" \"\"").secrets == ["a": ""])
    }

    @Test(arguments: ["# comment", "a \"b\"", "\"a\" b", "\"a", "\"a\" \"b", "\"a\""])
    func `Reading stops at a broken line, what came before stays`(line: String) {
        let file = file("\"first\" \"1\"\n\(line)\n\"last\" \"2\"")
        #expect(file.secrets == ["first": "1"])
        #expect(file.warnings.count == 1)
        #expect(file.warnings.first?.location == SourceLocation(file: "users.txt", line: 2))
    }

    @Test func `Names and secrets have a longest length`() {
        let name = String(repeating: "n", count: 127)
        let secret = String(repeating: "s", count: 65530)
        let file = file("\"\(name)\" \"\(secret)\"\n\"\(name)n\" \"x\"\n\"b\" \"\(secret)s\"\n\"\" \"x\"\n\"c\" \"ok\"")
        #expect(file.secrets == [name: secret, "c": "ok"])
        #expect(file.warnings.count == 3)
        #expect(file.warnings.allSatisfy { $0.description.utf8.count < 120 })
    }

    @Test func `A name that no client can have is left out`() {
        let file = file("\"e\u{301}\" \"x\"\n\"\u{e9}\" \"y\"")
        #expect(file.secrets == ["\u{e9}": "y"])
        #expect(
            file.warnings.map(\.description) == [
                "users.txt:1: user \"e\u{301}\" is not used: the name is not in Unicode normalization form C"
            ])
    }

    @Test func `A user given twice is a warning, and the last one counts`() {
        let file = file("\"a\" \"1\"\n\"a\" \"2\"")
        #expect(file.secrets == ["a": "2"])
        #expect(
            file.warnings.map(\.description) == [
                "users.txt:2: user \"a\" is given again (first at line 1); this one counts"
            ])
    }

    @Test func `Bytes that are no text leave out their record`() {
        let file = AuthFile(Array("\"a\" \"".utf8) + [0xff, 0x22, 10] + Array("\"b\" \"x\"".utf8), path: "f")
        #expect(file.secrets == ["b": "x"])
        #expect(file.warnings.count == 1)
    }

    @Test func `A file that cannot be read is a warning where it is named`() throws {
        let configuration = try load("[pgbouncer]\nauth_file = none.txt")
        #expect(configuration.secrets.isEmpty)
        #expect(
            configuration.warnings.map(\.description)
                == ["main.ini:2: could not open auth_file none.txt: No such file or directory"])
    }
}
