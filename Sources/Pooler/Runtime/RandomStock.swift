import Glibc

/// Random numbers of the system (getentropy(3)), fetched many at a time, since a call for each costs more than the number. Each is
/// given out once and forgotten here.
///
/// A process that forked and went on in both would draw the same numbers in both: ours forks before its workers are made, if ever.
struct RandomStock: RandomNumberGenerator {
    /// As many as one call gives (256 bytes).
    private static let size = 32

    private var numbers = InlineArray<32, UInt64>(repeating: 0)
    /// How many are left, at the front.
    private var count = 0

    init() {}

    mutating func next() -> UInt64 {
        if count == 0 { refill() }
        count -= 1
        let number = numbers[count]
        numbers[count] = 0
        return number
    }

    /// So many random bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var number: UInt64 = 0
        for index in 0..<count {
            number = index % 8 == 0 ? next() : number >> 8
            bytes.append(UInt8(truncatingIfNeeded: number))
        }
        return bytes
    }

    private mutating func refill() {
        let code = unsafe withUnsafeMutableBytes(of: &numbers) { unsafe getentropy($0.baseAddress, $0.count) }
        precondition(code == 0, "getentropy failed: \(Errno.last)")
        count = Self.size
    }
}
