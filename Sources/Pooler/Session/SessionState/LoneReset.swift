/// A Query that is one RESET and nothing else: behind it, it is known without a look what is not set.
enum LoneReset: Equatable {
    case all
    /// Of one parameter, in small letters.
    case parameter(String)

    /// Nil for every other text, and for names of several words.
    init?(_ text: RawSpan) {
        guard text.byteCount < Self.reach else { return nil }
        var words = SQLWords(text)
        guard case .plain(Self.reset) = words.nextWord(), case .plain(let word) = words.nextWord() else { return nil }
        var rest = text.endOfSpace(from: words.position)
        while rest < text.byteCount, text.uint8(at: rest) == UInt8(ascii: ";") {
            rest = text.endOfSpace(from: rest + 1)
        }
        guard rest >= text.byteCount || text.uint8(at: rest) == 0 else { return nil }
        self = word == Self.everything ? .all : .parameter(String(decoding: word, as: UTF8.self))
    }

    /// Longer texts are not of this kind.
    private static let reach = 256
    private static let reset = Array("reset".utf8)
    private static let everything = Array("all".utf8)
}
