/// The `options` of a startup packet: command-line switches for the backend, of which only settings make sense through a pooler.
enum StartupOptions {
    /// Anything other than `-c name=value`, `-cname=value` and `--name=value`.
    struct Unsupported: Error, Equatable {}

    /// Splits `options` as Postgres's `pg_split_opts` does: at blanks, a backslash takes the next character as it is.
    static func parse(_ text: String) throws(Unsupported) -> [(name: String, value: String)] {
        guard !text.isEmpty else { return [] }
        let words = split(text)
        guard !words.isEmpty else { throw Unsupported() }
        var settings: [(name: String, value: String)] = []
        var index = 0
        while index < words.count {
            var word = words[index][...]
            index += 1
            if word == "-c" {
                guard index < words.count else { throw Unsupported() }
                word = words[index][...]
                index += 1
            } else if word.hasPrefix("-c") || word.hasPrefix("--") {
                word = word.dropFirst(2)
            } else {
                throw Unsupported()
            }
            guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { throw Unsupported() }
            settings.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
        }
        return settings
    }

    private static func split(_ text: String) -> [String] {
        var words: [String] = []
        var current: String?
        var isEscaped = false
        for character in text {
            if isEscaped {
                current = (current ?? "") + String(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character.isWhitespace {
                if let word = current { words.append(word) }
                current = nil
            } else {
                current = (current ?? "") + String(character)
            }
        }
        if let word = current { words.append(word) }
        return words
    }
}
