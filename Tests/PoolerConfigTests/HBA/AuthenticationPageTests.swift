import Testing

@testable import PoolerConfig

@Suite struct AuthenticationPageTests {
    @Test func `The rules in the page about authentication are rules`() throws {
        let page = String(decoding: try PackageFiles.read(PackageFiles.path("docs/authentication.md")), as: UTF8.self)
        let start = try #require(page.firstRange(of: "```hba\n")?.upperBound)
        let end = try #require(page[start...].firstRange(of: "```")?.lowerBound)
        var maps = IdentMaps()
        maps.maps = ["admins": [], "staff": []]
        let file = HBAFile(Array(page[start..<end].utf8), path: "hba", maps: maps) { path throws(FileError) in
            throw FileError(path: path, reason: "none")
        }
        #expect(file.warnings.isEmpty, "\(file.warnings)")
        #expect(file.rules.rules.count == 6)
    }

    @Test func `Every method is in its table`() throws {
        let page = String(decoding: try PackageFiles.read(PackageFiles.path("docs/authentication.md")), as: UTF8.self)
        for word in AuthType.allCases.map(\.rawValue) where word != "hba" { #expect(page.contains("| `\(word)` |")) }
        for word in HBARule.Method.allCases.map(\.rawValue) { #expect(page.contains("| `\(word)` |")) }
    }
}
