import PoolerTestSupport

/// A table of facts beside this file: tab-separated, the first line names the columns, `#` starts a comment.
struct Fixture {
    /// The rows by column name.
    let records: [[String: String]]

    init(_ name: String) {
        let directory = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let lines = readFile("/\(directory)/Fixtures/\(name).tsv").split(separator: "\n").filter { !$0.hasPrefix("#") }
        let names = lines.first?.split(separator: "\t").map(String.init) ?? []
        records = lines.dropFirst().map { line in
            let values = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Dictionary(zip(names, values)) { $1 }
        }
    }
}
