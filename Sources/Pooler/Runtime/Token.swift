/// Names one registration in a worker's `ConnectionTable`: a slot, and how often the slot has been used before. It is what epoll
/// gives back with an event, so an event for a connection that is gone finds nobody.
struct Token: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// epoll(7)'s 64 bits of user data.
    init(_ bits: UInt64) {
        slot = UInt32(truncatingIfNeeded: bits)
        generation = UInt32(truncatingIfNeeded: bits >> 32)
    }

    var bits: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}
