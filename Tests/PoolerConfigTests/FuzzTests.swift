import PoolerTestSupport
import Testing

@testable import PoolerConfig

@Suite("Any bytes at all")
struct FuzzTests {
    private static let seeds = Array(UInt64(1)...8)

    /// Pieces that mean something to one parser or another, and bytes that mean nothing.
    private static let pieces = [
        "[pgbouncer]", "[databases]", "[users]", "[peers]", "[", "]", "%include a.ini", "%", "=", " ", "\t", "\n", "\n",
        "\r\n",
        "'", "\"", "\"\"", "''", ";", "#", ",", "@", "@a.ini", "+", "/", "\\", "*", "1", "0x", "-",
        "99999999999999999999",
        "1e999", ".", "host", "port", "password", "pool_size", "pool_mode", "listen_port", "auth_type", "local",
        "host all all",
        "10.0.0.0/8", "::1/128", ":", "::", "trust", "map=", "é", "e\u{301}", "\0", "a", "session", "auth_file = a.ini",
    ].map { Array($0.utf8) }

    private func bytes(_ dice: inout Dice) -> [UInt8] {
        var result: [UInt8] = []
        for _ in 0..<Int.random(in: 0..<40, using: &dice) {
            if Int.random(in: 0..<8, using: &dice) == 0 {
                result.append(UInt8.random(in: 0...255, using: &dice))
            } else {
                result += Self.pieces.randomElement(using: &dice) ?? []
            }
        }
        return result
    }

    @Test(arguments: seeds)
    func `No parser traps, and every complaint is one line`(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<1500 {
            var files = Files([:])
            files.texts["main.ini"] = Array("[pgbouncer]\n".utf8) + bytes(&dice)
            files.texts["a.ini"] = bytes(&dice)
            do {
                let configuration = try files.load()
                for warning in configuration.warnings { #expect(!warning.description.contains("\n")) }
            } catch {
                #expect(!error.description.utf8.contains(10))
            }
            let text = bytes(&dice)
            for warning in AuthFile(text, path: "f").warnings { #expect(!warning.description.utf8.contains(10)) }
            let ident = IdentFile(text, path: "f")
            let hba = HBAFile(text, path: "f", maps: ident.maps, readFile: files.read)
            for warning in ident.warnings + hba.warnings { #expect(!warning.description.utf8.contains(10)) }
            let string = String(decoding: text, as: UTF8.self)
            _ = hba.rules.firstMatch(for: HBARequest(peer: .unix, database: string, user: string))
            _ = try? ConnectString(string)
            _ = IPAddress(string)
        }
    }

    @Test(arguments: seeds)
    func `No value traps`(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<40 {
            let text = String(decoding: bytes(&dice), as: UTF8.self)
            for definition in SettingDefinition.all {
                var configuration = Configuration()
                try? configuration.set(definition.name, to: text)
                _ = definition.text(in: configuration.settings)
                _ = configuration.poolSettings(database: Database(name: text), user: text)
            }
            for key in DatabaseKey.all {
                var database = Database(name: "a")
                try? key.parse(text, &database)
            }
        }
    }
}
