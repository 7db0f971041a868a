/// Keys that cost a PBKDF2 to derive, by what they were derived from.
///
/// An entry is found only by the very password, salt and iteration count that it was made of, so a changed or
/// removed secret never meets an old entry. Two generations bound the size: when the young one is full it becomes the
/// old one, and what was in the old one and not used since is forgotten.
struct SCRAMCache {
    /// Entries in one generation; an entry takes about 150 bytes.
    static let generationSize = 16_384

    private let generationSize: Int
    private var young: [SHA256Value: SCRAMKeys] = [:]
    private var old: [SHA256Value: SCRAMKeys] = [:]

    init(generationSize: Int = Self.generationSize) {
        self.generationSize = generationSize
    }

    var count: Int { young.count + old.count }

    mutating func keys(for id: SHA256Value) -> SCRAMKeys? {
        if let keys = young[id] { return keys }
        guard let keys = old.removeValue(forKey: id) else { return nil }
        insert(keys, for: id)
        return keys
    }

    mutating func insert(_ keys: SCRAMKeys, for id: SHA256Value) {
        if young.count >= generationSize {
            old = young
            young = [:]
        }
        young[id] = keys
    }
}
