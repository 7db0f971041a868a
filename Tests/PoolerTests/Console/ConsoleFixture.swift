import Foundation

/// A table of facts in Tests/PoolerTests/Fixtures.
enum ConsoleFixture {
    /// The rows, without comments and the header line.
    static func rows(_ name: String, file: String = #filePath) -> [[String]] {
        let folder = file.split(separator: "/").dropLast(2).joined(separator: "/")
        return text(of: "/\(folder)/Fixtures/\(name)").split(separator: "\n").filter { !$0.hasPrefix("#") }.dropFirst()
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    private static func text(of path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
