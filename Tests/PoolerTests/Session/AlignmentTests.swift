import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct AlignmentTests {
    private static func sql(_ name: String, _ value: String) -> String {
        var alignment = Alignment()
        alignment.set(name, to: Array(value.utf8))
        return String(decoding: alignment.sql, as: UTF8.self)
    }

    @Test(
        arguments: [
            ("TimeZone", "Europe/Zurich", "SET TimeZone TO 'Europe/Zurich';"),
            ("DateStyle", "ISO, MDY", "SET DateStyle TO 'ISO, MDY';"),
            ("application_name", "", "SET application_name TO '';"),
            ("application_name", "it's", "SET application_name TO 'it''s';"),
            ("application_name", "''", "SET application_name TO '''''';"),
            ("application_name", "a\\", "SET application_name TO E'a\\\\';"),
            ("application_name", "\\'; DROP TABLE t; --", "SET application_name TO E'\\\\''; DROP TABLE t; --';"),
            ("application_name", "a\0b", "SET application_name TO 'ab';"),
            ("application_name", "Zürich;\n$1 \"x\"", "SET application_name TO 'Zürich;\n$1 \"x\"';"),
            ("my.var", "x", "SET my.var TO 'x';"), ("my.var1", "x", "SET my.\"var1\" TO 'x';"),
            ("a\"b; --", "x", "SET \"a\"\"b; --\" TO 'x';"), ("a..b", "x", "SET a.\"\".b TO 'x';"),
            ("", "x", "SET \"\" TO 'x';"),
        ])
    func `A value is quoted so that it stays a value`(_ name: String, _ value: String, _ sql: String) {
        #expect(Self.sql(name, value) == sql)
    }

    @Test(
        arguments: [
            ("", "''"), ("\"\"", "''"), ("public", "'public'"), ("\"$user\", public", "'$user','public'"),
            ("Foo,\tbar \n", "'foo','bar'"), ("\"Foo\"", "'Foo'"), ("\"a, b\",c", "'a, b','c'"),
            ("\"a\"\"b\"", "'a\"b'"), ("\"\"\"\"", "'\"'"), ("x'y", "'x''y'"), ("\"a\\b\"", "E'a\\\\b'"),
            ("a'; DROP TABLE t; --", "'a'';droptablet;--'"),
        ])
    func `A search path is a list of names, each quoted by itself`(_ value: String, _ list: String) {
        #expect(Self.sql("search_path", value) == "SET search_path TO \(list);")
        #expect(Self.sql("Temp_Tablespaces", value) == "SET Temp_Tablespaces TO \(list);")
    }

    @Test func `Several settings make one Query message`() {
        var alignment = Alignment()
        #expect(alignment.isEmpty)
        alignment.set("TimeZone", to: Array("UTC".utf8))
        alignment.reset("role")
        let sql = Array("SET TimeZone TO 'UTC';RESET role;".utf8)
        #expect(alignment.message == Array("Q".utf8) + [0, 0, 0, UInt8(sql.count + 5)] + sql + [0])
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `Read back by the server's rules, a literal gives the value`(_ seed: UInt64) {
        var random = Dice(seed: seed)
        for _ in 0..<500 {
            let value = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Array("'\\\"aE; \u{e9}".utf8).randomElement(using: &random) ?? 0
            }
            #expect(Self.read(Alignment.literal(value)) == value)
        }
    }

    /// A string constant as the server's scanner reads it, with standard_conforming_strings on or off; nil if anything is left
    /// over or it reads differently in the two.
    private static func read(_ literal: [UInt8]) -> [UInt8]? {
        var rest = literal[...]
        let isEscape = rest.first == UInt8(ascii: "E")
        if isEscape { rest = rest.dropFirst() }
        guard rest.popFirst() == UInt8(ascii: "'") else { return nil }
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\") {
                guard isEscape, rest.popFirst() == byte else { return nil }
                value.append(byte)
            } else if byte == UInt8(ascii: "'") {
                guard let next = rest.popFirst() else { return value }
                guard next == byte else { return nil }
                value.append(byte)
            } else {
                value.append(byte)
            }
        }
        return nil
    }
}
