/// Deadlines of connections, to a grain of 50 ms: a ring of buckets, one for each grain, each a list through the table's slots.
///
/// It is lazy. A deadline that moves later is left where it is; when it comes up, its owner is asked again. A deadline
/// beyond the ring's horizon (12.7 s from when the wheel was last asked) waits in the last bucket and comes up early, with the
/// same question. So a query arms nothing.
struct TimerWheel {
    static let grain: Duration = .nanoseconds(grainLength)
    private static let grainLength: Int64 = 50_000_000
    private static let bucketCount = 256
    /// The list of those whose time has come, behind the ring's buckets.
    private static let due = Int32(bucketCount)
    private static let none: Int32 = -1

    private var heads = [Int32](repeating: none, count: bucketCount + 1)
    /// Per slot: the neighbours in its bucket, and the bucket itself, or `none`.
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var bucket: [Int32] = []
    /// The grain up to which everything has come up or is in the list `due`. The bucket of this grain is empty.
    private var passed: Int64
    private(set) var armedCount = 0

    init(now: Instant) {
        passed = Self.grainIndex(now)
    }

    /// Makes the slot come up at `deadline` or up to one grain later; a slot that would come up sooner anyway is left alone.
    mutating func arm(slot: UInt32, at deadline: Instant) {
        guard deadline != .never else { return }
        let slot = Int(slot)
        makeRoom(for: slot)
        let target = min(max(Self.grainIndex(deadline) + 1, passed + 1), passed + Int64(Self.bucketCount) - 1)
        if bucket[slot] != Self.none {
            if comesUp(slot) <= target { return }
            unlink(slot)
        }
        link(slot, Int32(target % Int64(Self.bucketCount)))
    }

    /// Takes the slot out.
    mutating func disarm(slot: UInt32) {
        let slot = Int(slot)
        guard slot < bucket.count, bucket[slot] != Self.none else { return }
        unlink(slot)
    }

    /// Takes out the next slot that is due at `now`; nil when there is none left.
    mutating func popExpired(now: Instant) -> UInt32? {
        let current = Self.grainIndex(now)
        if current > passed {
            if armedCount > 0 { collectDue(through: current) }
            passed = current
        }
        let head = heads[Int(Self.due)]
        guard head != Self.none else { return nil }
        unlink(Int(head))
        return UInt32(head)
    }

    /// Moves those whose grain is over to the list `due`. After a long sleep one turn over the ring sees every bucket.
    private mutating func collectDue(through current: Int64) {
        for grain in max(passed + 1, current - Int64(Self.bucketCount) + 1)...current {
            let bucket = Int(grain % Int64(Self.bucketCount))
            while heads[bucket] != Self.none {
                let slot = Int(heads[bucket])
                unlink(slot)
                link(slot, Self.due)
            }
        }
    }

    /// The grain in which an armed slot comes up.
    private func comesUp(_ slot: Int) -> Int64 {
        if bucket[slot] == Self.due { return passed }
        let count = Int64(Self.bucketCount)
        return passed + (Int64(bucket[slot]) - passed % count + count) % count
    }

    private mutating func makeRoom(for slot: Int) {
        while bucket.count <= slot {
            next.append(Self.none)
            previous.append(Self.none)
            bucket.append(Self.none)
        }
    }

    private mutating func link(_ slot: Int, _ index: Int32) {
        let head = heads[Int(index)]
        next[slot] = head
        previous[slot] = Self.none
        if head != Self.none { previous[Int(head)] = Int32(slot) }
        heads[Int(index)] = Int32(slot)
        bucket[slot] = index
        armedCount += 1
    }

    private mutating func unlink(_ slot: Int) {
        if previous[slot] == Self.none {
            heads[Int(bucket[slot])] = next[slot]
        } else {
            next[Int(previous[slot])] = next[slot]
        }
        if next[slot] != Self.none { previous[Int(next[slot])] = previous[slot] }
        bucket[slot] = Self.none
        armedCount -= 1
    }

    private static func grainIndex(_ instant: Instant) -> Int64 {
        instant.nanoseconds / grainLength
    }
}
