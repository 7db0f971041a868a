/// The `options` of a startup packet: command-line switches for the backend, of which only settings make sense through a pooler.
enum StartupOptions {
    /// Anything other than `-c name=value`, `-cname=value` and `--name=value`.
    struct Unsupported: Error, Equatable {}

    /// Splits `options` as Postgres's `pg_split_opts` does: at blanks, a backslash takes the next byte as it is.
    static func parse(_ text: String) throws(Unsupported) -> [(name: String, value: String)] {
        guard !text.isEmpty else { return [] }
        let words = split(text)
        guard !words.isEmpty else { throw Unsupported() }
        var settings: [(name: String, value: String)] = []
        var index = 0
        while index < words.count {
            var word = words[index][...]
            index += 1
            if word.elementsEqual("-c".utf8) {
                guard index < words.count else { throw Unsupported() }
                word = words[index][...]
                index += 1
            } else if word.starts(with: "-c".utf8) || word.starts(with: "--".utf8) {
                word = word.dropFirst(2)
            } else {
                throw Unsupported()
            }
            guard let equals = word.firstIndex(of: UInt8(ascii: "=")), equals != word.startIndex else {
                throw Unsupported()
            }
            settings.append((string(word[..<equals]), string(word[(equals + 1)...])))
        }
        return settings
    }

    /// By bytes, as the backend does: to a Character, a mark that combines would belong to the blank or backslash before it.
    private static func split(_ text: String) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var current: [UInt8]?
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                current?.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                current = current ?? []
                isEscaped = true
            } else if isBlank(byte) {
                if let word = current { words.append(word) }
                current = nil
            } else {
                current = current ?? []
                current?.append(byte)
            }
        }
        if let word = current { words.append(word) }
        return words
    }

    /// isspace(3) in the C locale.
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (9...13).contains(byte)
    }

    private static func string(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
