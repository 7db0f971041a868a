/// Pieces of the sentences that people read.
enum Phrase {
    /// "a", "a or b", "a, b or c".
    static func alternatives(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// A value that was found, in quotes, or that there is none.
    static func value(_ text: String) -> String {
        text.isEmpty ? "no value" : quoted(text)
    }

    /// What was found, in quotes, on one line, cut to a readable length.
    static func quoted(_ text: some StringProtocol) -> String {
        var result = "\""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == 60 {
                result += "..."
                break
            }
            result += scalar.properties.generalCategory == .control ? "?" : String(scalar)
        }
        return result + "\""
    }

    /// The word of `candidates` that `word` was probably meant to be: at most two letters away, or a third of them.
    static func nearest(to word: String, in candidates: [String]) -> String? {
        let letters = Array(word.utf8.prefix(64))
        let scored = candidates.map { (distance(letters, Array($0.utf8)), $0) }
        guard let best = scored.min(by: { $0.0 < $1.0 }), best.0 <= max(2, letters.count / 3) else { return nil }
        return best.1
    }

    /// Levenshtein distance, one row at a time.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let cost = min(row[j + 1] + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[b.count]
    }
}
