import PoolerTestSupport
import Testing

@testable import Pooler

@Suite("docs/man/pgvalet.1")
struct ManualTests {
    @Test("Every option of the usage is in the manual")
    func options() throws {
        let package = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let text = readFile("/\(package)/docs/man/pgvalet.1")
        try #require(!text.isEmpty)
        let page = text.replacing("\\-", with: "-")
        let usage = Invocation.usage(program: .pgvalet)
        let options = usage.matches(of: /(-[a-zA-Z]), (--[a-z]+)/)
        #expect(options.count > 5)
        for option in options { #expect(page.contains(".BR \(option.1) \", \" \(option.2)")) }
    }
}
