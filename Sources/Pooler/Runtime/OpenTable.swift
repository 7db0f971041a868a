/// A small hash table with open addressing whose look-ups need no key object: the caller brings the hash, and says which
/// element it means. Empty, it owns no memory.
///
/// Linear probing; a removal moves later elements up, so that there are no tombstones.
struct OpenTable<Element> {
    private struct Slot {
        let hash: Int
        let element: Element
    }

    private var slots: [Slot?] = []
    private(set) var count = 0

    init() {}

    var isEmpty: Bool { count == 0 }

    /// Everything, in no particular order.
    var elements: [Element] { slots.compactMap { $0?.element } }

    /// The element with this hash that `isMeant` picks.
    @inline(__always)
    func first(hash: Int, where isMeant: (Element) -> Bool) -> Element? {
        guard count > 0 else { return nil }
        var index = home(of: hash)
        while let slot = slots[index] {
            if slot.hash == hash, isMeant(slot.element) { return slot.element }
            index = next(index)
        }
        return nil
    }

    /// Adds an element that is not in the table.
    mutating func insert(_ element: Element, hash: Int) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        place(Slot(hash: hash, element: element))
        count += 1
    }

    /// Puts another element with the same hash in the place of the one that `isMeant` picks; false when there is none.
    @inline(__always)
    mutating func replace(hash: Int, with element: Element, where isMeant: (Element) -> Bool) -> Bool {
        guard count > 0 else { return false }
        var index = home(of: hash)
        while let slot = slots[index] {
            if slot.hash == hash, isMeant(slot.element) {
                slots[index] = Slot(hash: hash, element: element)
                return true
            }
            index = next(index)
        }
        return false
    }

    /// Removes the element with this hash that `isMeant` picks; false when there is none.
    @discardableResult
    mutating func remove(hash: Int, where isMeant: (Element) -> Bool) -> Bool {
        guard count > 0 else { return false }
        var index = home(of: hash)
        while let slot = slots[index] {
            if slot.hash == hash, isMeant(slot.element) {
                closeGap(at: index)
                count -= 1
                if count == 0 { slots = [] }
                return true
            }
            index = next(index)
        }
        return false
    }

    mutating func removeAll() {
        slots = []
        count = 0
    }

    private func home(of hash: Int) -> Int { hash & (slots.count - 1) }

    private func next(_ index: Int) -> Int { (index + 1) & (slots.count - 1) }

    private mutating func place(_ slot: Slot) {
        var index = home(of: slot.hash)
        while slots[index] != nil { index = next(index) }
        slots[index] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot?](repeating: nil, count: max(4, old.count * 2))
        for case .some(let slot) in old { place(slot) }
    }

    /// Moves up what stands behind a gap, unless that would bring it in front of its home.
    private mutating func closeGap(at start: Int) {
        var gap = start
        var index = next(gap)
        while let slot = slots[index] {
            let distance = (index - home(of: slot.hash)) & (slots.count - 1)
            if distance >= (index - gap) & (slots.count - 1) {
                slots[gap] = slot
                gap = index
            }
            index = next(index)
        }
        slots[gap] = nil
    }
}

extension RawSpan {
    /// A hash that nobody outside the process can predict.
    @inline(__always)
    func hashOfBytes() -> Int {
        var hasher = Hasher()
        unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    /// Whether the bytes are those of an array.
    @inline(__always)
    func equals(_ bytes: [UInt8]) -> Bool {
        guard byteCount == bytes.count else { return false }
        return unsafe withUnsafeBytes { left in unsafe bytes.withUnsafeBytes { unsafe left.elementsEqual($0) } }
    }
}

extension [UInt8] {
    /// As `RawSpan.hashOfBytes`.
    func hashOfBytes() -> Int {
        unsafe withUnsafeBytes { unsafe RawSpan(_unsafeBytes: $0).hashOfBytes() }
    }
}
