import PoolerTestSupport

/// A session of Postgres, as far as the extended protocol goes (manual, "Message Flow"): texts are `ok...`, `bad` (its Parse
/// fails) and `fail` (its Execute does).
struct ModelSession {
    private(set) var statements: [[UInt8]: String] = [:]
    private var portal: String?
    private var isSkipping = false

    /// What the session answers to a message.
    mutating func receive(_ message: WireMessage) -> [WireMessage] {
        if isSkipping, message.type != "S" { return [] }
        switch message.type {
        case "S":
            isSkipping = false
            portal = nil
            return [WireMessage("Z", [0x49])]
        case "H":
            return []
        case "Q":
            statements[[]] = nil
            portal = nil
            return [WireMessage("C", cString("SELECT 1")), WireMessage("Z", [0x49])]
        case "P":
            let parts = message.body.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            return parse(Array(parts[0]), String(decoding: parts[1], as: UTF8.self))
        case "B":
            let parts = message.body.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            portal = nil
            guard let text = statements[Array(parts[1])] else { return unknown(parts[1]) }
            portal = text
            return [WireMessage("2")]
        case "D":
            let name = message.body.dropFirst().dropLast()
            guard let text = statements[Array(name)] else { return unknown(name) }
            return [WireMessage("t", [0, 0]), WireMessage("T", cString(text))]
        case "C":
            statements[Array(message.body.dropFirst().dropLast())] = nil
            return [WireMessage("3")]
        case "E":
            guard let portal else { return fail("34000", "portal \"\" does not exist") }
            return portal == "fail" ? fail("22012", "division by zero") : [WireMessage("C", cString(portal))]
        case _:
            return fail("08P01", "invalid frontend message type")
        }
    }

    private mutating func parse(_ name: [UInt8], _ text: String) -> [WireMessage] {
        if name.isEmpty { statements[name] = nil }
        if text == "bad" || text == "refused by pgvalet" { return fail("42601", "syntax error") }
        if statements[name] != nil {
            return fail("42P05", "prepared statement \"\(String(decoding: name, as: UTF8.self))\" already exists")
        }
        statements[name] = text
        return [WireMessage("1")]
    }

    private mutating func unknown(_ name: some Sequence<UInt8>) -> [WireMessage] {
        let name = String(decoding: Array(name), as: UTF8.self)
        return fail(
            "26000",
            name.isEmpty ? "unnamed prepared statement does not exist" : "prepared statement \"\(name)\" does not exist"
        )
    }

    private mutating func fail(_ code: String, _ text: String) -> [WireMessage] {
        isSkipping = true
        return [WireMessage("E", cString("SERROR"), cString("C\(code)"), cString("M\(text)"), [0])]
    }
}
