import PoolerConfig
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("docs/settings.md")
struct SettingsPageTests {
    @Test func `The page says what the tables say (UPDATE_DOCS=1 writes it anew)`() throws {
        let path = PackageFiles.path("docs/settings.md")
        if unsafe getenv("UPDATE_DOCS") != nil { try PackageFiles.write(SettingsPage.text, to: path) }
        let page = String(decoding: try PackageFiles.read(path), as: UTF8.self)
        #expect(page == SettingsPage.text, "run UPDATE_DOCS=1 swift test --filter SettingsPageTests")
    }

    @Test func `Every setting has its heading`() {
        let lines = Set(SettingsPage.text.split(separator: "\n").map(String.init))
        for definition in SettingDefinition.all { #expect(lines.contains("### \(definition.name)")) }
    }
}
