import Testing

@testable import Pooler

@Suite struct JSONValueTests {
    @Test(
        arguments: [
            ("{}", .object([:])), (" [ ] ", .array([])), ("null", .null), ("true", .boolean(true)),
            ("-0.5e+2", .number(-50)),
            ("1700000000", .number(1_700_000_000)), ("0", .number(0)),
            (#""a\"\\\/\b\f\n\r\té😀""#, .string("a\"\\/\u{8}\u{c}\n\r\té😀")),
            (
                #"{"a":[1,{"b":"c"}],"d":false}"#,
                .object(["a": .array([.number(1), .object(["b": .string("c")])]), "d": .boolean(false)])
            ),
            (#""\u0061\ud83d\ude00""#, .string("a😀")),
        ] as [(String, JSONValue)])
    func `texts are read`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(text.utf8) == value)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{,}", #"{"a":1,}"#, #"{"a" 1}"#, #"{"a":1 "b":2}"#, "{a:1}", "'a'", "01", "+1",
        "1.", ".5", "1e",
        "-", "nul", "nulll", "tru", "1 2", "[1]]", #""a"#, #""\x""#, #""\u12""#, #""\ud800""#, #""\ud800\u0041""#,
        #""\udc00""#,
        "\"a\nb\"", "\"\u{0}\"", "1e999", "NaN", "Infinity", "/**/1", #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#,
        "\u{FEFF}1",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: JSONValue.Malformed.self) { try JSONValue(text.utf8) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]] {
            #expect(throws: JSONValue.Malformed.self) { try JSONValue(bytes) }
        }
    }

    @Test func `depth has an end`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONValue(nested(JSONValue.depthLimit).utf8)
        #expect(throws: JSONValue.Malformed.self) { try JSONValue(nested(JSONValue.depthLimit + 1).utf8) }
        #expect(throws: JSONValue.Malformed.self) {
            try JSONValue(String(repeating: #"{"a":"#, count: 100_000).utf8)
        }
    }

    @Test func `no damage to a text makes it trap`() {
        let text = Array(#"{"keys":[{"kty":"RSA","n":"q\u0061\ud83d\ude00","e":-1.5e3},null,true]}"#.utf8)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged[place] = .random(in: 0...255, using: &random)
                case 1: damaged.remove(at: place)
                default: damaged.insert(text[Int.random(in: 0..<text.count, using: &random)], at: place)
                }
            }
            _ = try? JSONValue(damaged)
        }
    }
}
