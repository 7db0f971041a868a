import Testing

@testable import PoolerConfig

@Suite("Connect strings")
struct ConnectStringTests {
    @Test(
        arguments: [
            ("", []),
            ("a=b", [["a", "b"]]),
            ("  a = b   c\t=\td ", [["a", "b"], ["c", "d"]]),
            ("a=b\tc=d", [["a", "b"], ["c", "d"]]),
            ("a='b c' d='it''s'", [["a", "b c"], ["d", "it's"]]),
            ("a='b\\' c=d", [["a", "b\\"], ["c", "d"]]),
            ("a='''' b=x", [["a", "'"], ["b", "x"]]),
            ("a=b'c d=\"e", [["a", "b'c"], ["d", "\"e"]]),
            ("a= b=c", [["a", "b=c"]]),
            ("a=b=c", [["a", "b=c"]]),
            ("a=1 a=2", [["a", "1"], ["a", "2"]]),
        ] as [(String, [[String]])])
    func `Pairs are split at blanks, values may be quoted`(text: String, pairs: [[String]]) throws {
        #expect(try ConnectString(text).pairs.map { [$0.key, $0.value] } == pairs)
    }

    @Test(arguments: ["a", "a b=c", "=b", "a=", "a=''", "a='b", "a='b'c", "a='b'c=d", "a=b c", "a='''", " = "])
    func `What is no list of pairs is an error`(text: String) {
        #expect(throws: ValueError.self) { try ConnectString(text) }
    }

    @Test(arguments: [
        "password=my hush", "password=my hush=x", "password='my hush", "password='my' hush", "password='my'hush",
    ])
    func `An error never repeats what may be a part of a password`(text: String) throws {
        let line = try #require(problem("[pgbouncer]\n[databases]\na = host=x \(text)"))
        #expect(!line.contains("hush"))
        #expect(line.hasPrefix("main.ini:3: databases/a: found "))
    }
}
