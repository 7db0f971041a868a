/// A worker's registrations by slot. A slot that is used again gets a new generation, so an old token finds nobody.
struct ConnectionTable<Registration> {
    private struct Slot {
        var generation: UInt32
        var registration: Registration?
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []

    /// How many slots are taken.
    var count: Int { slots.count - free.count }
    /// How many slots are allocated and unused.
    var freeCount: Int { free.count }

    /// Takes a slot; what is registered there follows by `fill`, because it usually holds its own token.
    mutating func reserve() -> Token {
        if let slot = free.popLast() {
            return Token(slot: slot, generation: slots[Int(slot)].generation)
        }
        slots.append(Slot(generation: 0, registration: nil))
        return Token(slot: UInt32(slots.count - 1), generation: 0)
    }

    mutating func fill(_ token: Token, _ registration: Registration) {
        precondition(slots[Int(token.slot)].generation == token.generation, "a slot is filled by whoever reserved it")
        slots[Int(token.slot)].registration = registration
    }

    /// Nil when the token's time is over.
    @inline(__always)
    subscript(token: Token) -> Registration? {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation else { return nil }
        return slots[index].registration
    }

    /// Whatever is registered in a slot now, for timers.
    func registration(inSlot slot: UInt32) -> Registration? {
        Int(slot) < slots.count ? slots[Int(slot)].registration : nil
    }

    mutating func remove(_ token: Token) {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation else { return }
        slots[index].registration = nil
        slots[index].generation &+= 1
        free.append(token.slot)
    }

    /// Everything registered, in no particular order.
    var all: some Sequence<Registration> { slots.lazy.compactMap(\.registration) }
}
