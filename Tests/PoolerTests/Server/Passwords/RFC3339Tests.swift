import Testing

@testable import Pooler

@Suite struct RFC3339Tests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-01-31T12:00:00Z", 1_769_860_800),
        ("2026-01-31t12:00:00.999z", 1_769_860_800), ("2026-01-31 13:00:00+01:00", 1_769_860_800),
        ("2024-02-29T23:59:60Z", 1_709_251_200), ("1969-12-31T23:59:59Z", -1), ("2000-03-01T00:00:00Z", 951_868_800),
        ("2100-01-01T00:00:00-00:30", 4_102_446_600),
    ])
    func `times are read`(text: String, seconds: Int64) {
        #expect(RFC3339.secondsSince1970(text.utf8) == seconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00",
        "2026-01-31T12:00Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00Z ", "2026-01-31T12:00:00+1:00",
        "26-01-31T12:00:00Z", "2026-00-10T12:00:00Z", "-026-01-31T12:00:00Z", "2026-01-31T12:61:00Z",
    ])
    func `anything else is not a time`(text: String) {
        #expect(RFC3339.secondsSince1970(text.utf8) == nil)
    }
}

@Suite struct PasswordOutputTests {
    @Test(
        arguments: [
            ("secret", "secret", nil, false), ("secret\n", "secret", nil, false), (" a b \r\n", " a b ", nil, false),
            ("s\n2026-01-31T12:00:00Z\n", "s", 1_769_860_800, false),
            ("s\n2026-01-31T12:00:00Z\r\nmore\n", "s", 1_769_860_800, false),
            ("s\nnote\n", "s", nil, true), ("s\n\n\n", "s", nil, false), ("md5x", "md5x", nil, false),
        ] as [(String, String, Int64?, Bool)])
    func `the first line is the password, the second its end`(
        text: String, password: String, expires: Int64?, isStray: Bool
    ) throws {
        let output = try PasswordOutput(Array(text.utf8))
        #expect(output.password == password)
        #expect(output.expires == expires)
        #expect(output.hasStrayLine == isStray)
    }

    @Test(arguments: [[], Array("\n".utf8), Array("\r\nx".utf8), [0xFF, 10], [65, 0, 66]])
    func `what is no password is refused`(bytes: [UInt8]) {
        #expect(throws: PasswordOutput.Problem.self) { try PasswordOutput(bytes) }
    }
}
