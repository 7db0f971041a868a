/// By cancel key, where a worker's clients stand in its connection table: eight bytes for a place, since there are tens of
/// thousands. The keys themselves are in the clients, so whoever asks says which of the few it finds is meant.
///
/// Open addressing with linear probing; a removal moves later entries up, so that there are no tombstones. Keys are random, so their
/// own bits tell where to look.
struct CancelKeyTable {
    private struct Entry {
        let secret: UInt32
        /// The slot and one; 0 where there is no entry.
        let place: UInt32

        static let none = Entry(secret: 0, place: 0)

        var isNone: Bool { place == 0 }
    }

    private var entries: [Entry] = []
    private(set) var count = 0

    init() {}

    /// The slot with such a key that `isMeant` picks.
    func slot(for key: CancelKey, where isMeant: (UInt32) -> Bool) -> UInt32? {
        index(of: key, where: isMeant).map { entries[$0].place - 1 }
    }

    /// Enters the key of the client in a slot.
    mutating func insert(_ key: CancelKey, slot: UInt32) {
        if (count + 1) * 4 > entries.count * 3 { grow() }
        place(Entry(secret: key.secret, place: slot + 1))
        count += 1
    }

    /// Takes out the key of the client in a slot.
    mutating func remove(_ key: CancelKey, slot: UInt32) {
        guard let index = index(of: key, where: { $0 == slot }) else { return }
        closeGap(at: index)
        count -= 1
    }

    private func index(of key: CancelKey, where isMeant: (UInt32) -> Bool) -> Int? {
        guard count > 0 else { return nil }
        var index = home(of: key.secret)
        while !entries[index].isNone {
            if entries[index].secret == key.secret, isMeant(entries[index].place - 1) { return index }
            index = next(index)
        }
        return nil
    }

    /// Not by the lowest two bits, which are no secret among peers.
    private func home(of secret: UInt32) -> Int { Int(secret >> 2) & (entries.count - 1) }

    private func next(_ index: Int) -> Int { (index + 1) & (entries.count - 1) }

    private mutating func place(_ entry: Entry) {
        var index = home(of: entry.secret)
        while !entries[index].isNone { index = next(index) }
        entries[index] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = [Entry](repeating: .none, count: max(8, old.count * 2))
        for entry in old where !entry.isNone { place(entry) }
    }

    /// Moves up what stands behind a gap, unless that would bring it in front of its home.
    private mutating func closeGap(at start: Int) {
        var gap = start
        var index = next(gap)
        while !entries[index].isNone {
            let distance = (index - home(of: entries[index].secret)) & (entries.count - 1)
            if distance >= (index - gap) & (entries.count - 1) {
                entries[gap] = entries[index]
                gap = index
            }
            index = next(index)
        }
        entries[gap] = .none
    }
}
