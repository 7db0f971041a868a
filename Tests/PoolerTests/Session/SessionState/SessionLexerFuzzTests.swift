import PoolerTestSupport
import Testing

@testable import Pooler

/// Texts that nobody would write: the lexer comes to an end, and what is quoted is never taken for SQL.
@Suite struct SessionLexerFuzzTests {
    private static let pieces = [
        "set", "reset", " ", ";", "'", "''", "\"", "$", "$$", "$a$", "--", "\n", "/*", "*/", "\\", "e'", "E'", "(", ")",
        ",", ".", "set_config(", "pg_advisory_lock(", "true", "local", "session", "temp", "into", "create", "do",
        "listen",
        "declare", "with hold", "for", "\u{0}", "\u{FF}", "ä", "_", "m", "1", "role", "all", "discard", "pg_temp", "$1",
    ]

    private static func text(_ dice: inout Dice, upTo count: Int) -> String {
        (0..<Int.random(in: 0...count, using: &dice)).map { _ in pieces.randomElement(using: &dice) ?? "" }.joined()
    }

    @Test(arguments: 0..<50)
    func `random texts are read to their end, and with bounded names`(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<200 {
            let effects = SessionLexerTests.effects(
                Self.text(&dice, upTo: 40), hasBackslashes: Bool.random(using: &dice))
            #expect(effects.names.count <= SessionEffects.nameLimit)
            #expect(effects.makes.isSubset(of: effects.touches))
        }
    }

    @Test(arguments: 0..<20)
    func `random bytes are read to their end`(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0..<60, using: &dice)).map { _ in UInt8.random(in: 0...255, using: &dice) }
            let effects = bytes.withSpan { SessionLexer.effects(of: $0) }
            #expect(effects.names.count <= SessionEffects.nameLimit)
        }
    }

    @Test(arguments: 0..<20)
    func `what is quoted is not read`(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<200 {
            let text = Self.text(&dice, upTo: 20)
            let string = "select '" + text.replacing("\\", with: "").replacing("'", with: "''") + "', 1"
            let dollars = "select $quoted$" + text.replacing("$", with: "") + "$quoted$, 1"
            let comment =
                "select /* " + text.replacing("*/", with: "").replacing("/*", with: "").replacing("*", with: "")
                + " */ 1"
            for quoted in [string, dollars, comment] {
                var effects = SessionLexerTests.effects(quoted)
                // The names of some functions are asked about wherever they stand.
                effects.touches.subtract([.settings, .advisoryLock])
                #expect(effects == .none, "\(quoted)")
            }
        }
    }

    /// What could be read in quadratic time.
    @Test(arguments: [
        "set_config(", "/*", "$a$", "$a", "'", "\"", "set_config('a',", "e'\\", "do $$", "do '", "(", "--", "set a.",
        "create ",
        "declare a ", "pg_advisory_lock", "temp", "into temp", "select set_config($a$",
    ])
    func `long repetitions are read in good time`(piece: String) {
        let text = String(repeating: piece, count: 64 * 1024 / piece.utf8.count)
        for _ in 0..<5 { _ = SessionLexerTests.effects("select " + text) }
        for _ in 0..<5 { _ = SessionLexerTests.effects(text) }
    }
}
