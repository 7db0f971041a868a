/// Reads an ident file: `mapname system-user pg-user` on each line. A bad line is a warning and is left out.
public struct IdentFile: Sendable {
    /// The maps.
    public private(set) var maps = IdentMaps()
    /// What was wrong.
    public private(set) var warnings: [Diagnostic] = []

    /// Reads the bytes of the file at `path`.
    public init(_ bytes: [UInt8], path: String) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            do {
                try read(line)
            } catch {
                warnings.append(
                    Diagnostic(
                        location: SourceLocation(file: path, line: index + 1),
                        text: "could not parse ident config line \(index + 1), it is not used: "
                            + "found \(error.found), expected \(error.expected)"))
            }
        }
    }

    private mutating func read(_ line: ArraySlice<UInt8>) throws(ValueError) {
        let fields = try HBALine(line).fields
        guard !fields.isEmpty else { return }
        let words = fields.compactMap(\.word)
        guard fields.count == 3, words.count == 3 else {
            throw ValueError(found: "\(fields.count) fields", expected: "map, system user and user")
        }
        let isAnyone = !words[2].isQuoted && words[2].text == "all"
        try EntryName.check(words[2].text)
        maps.maps[words[0].text, default: []].append(
            IdentMaps.Entry(systemUser: words[1].text, user: isAnyone ? nil : words[2].text))
    }
}
