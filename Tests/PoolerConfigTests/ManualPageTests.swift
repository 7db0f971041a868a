import PoolerConfig
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("docs/man/pgvalet.5")
struct ManualPageTests {
    @Test func `The page says what the tables say (UPDATE_DOCS=1 writes it anew)`() throws {
        let path = PackageFiles.path("docs/man/pgvalet.5")
        if unsafe getenv("UPDATE_DOCS") != nil { try PackageFiles.write(ManualPage.text, to: path) }
        let page = String(decoding: try PackageFiles.read(path), as: UTF8.self)
        #expect(page == ManualPage.text, "run UPDATE_DOCS=1 swift test --filter ManualPageTests")
    }

    @Test func `Every setting has its entry`() {
        let lines = Set(ManualPage.text.split(separator: "\n").map(String.init))
        for definition in SettingDefinition.all { #expect(lines.contains(".B \(definition.name)")) }
    }

    @Test func `No line of text is taken for a request`() {
        let requests = [".\\\"", ".TH", ".SH", ".SS", ".TP", ".B ", ".BR", ".I ", ".PP", ".br", ".nf", ".fi"]
        for line in ManualPage.text.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(requests.contains { line.hasPrefix($0) }, "\(line)")
        }
    }
}
