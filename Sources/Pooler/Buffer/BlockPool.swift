import CLinux

/// The blocks in which a worker keeps bytes that could not move on: output that the kernel did not take, and what a
/// waiting client has already sent. Blocks are reused, last returned first (it is still in the cache).
@safe
final class BlockPool {
    /// How long a block is. A crowd of waiting clients should cost little more than their queries, and a big transfer few blocks.
    enum Size: Int {
        /// Room for a short query.
        case small = 256
        /// A few hold what one receive can leave over.
        case large = 16384
    }

    /// Free blocks kept for reuse (256 KiB and 4 MiB); more go back to the allocator.
    private static let keptSmallBlocks = 1024
    private static let keptLargeBlocks = 256
    /// So much given back is worth telling the allocator to give pages back in turn.
    private static let trimmedBytes = 2 * 1024 * 1024

    /// How many bytes are in blocks that hold something.
    private(set) var bytesInUse = 0
    private var freeSmall: [UnsafeMutableRawPointer] = unsafe []
    private var freeLarge: [UnsafeMutableRawPointer] = unsafe []
    /// Since the last `trim`.
    private var bytesGivenBack = 0

    deinit {
        while let block = unsafe freeSmall.popLast() { unsafe block.deallocate() }
        while let block = unsafe freeLarge.popLast() { unsafe block.deallocate() }
    }

    /// How many bytes are in free blocks that are held for reuse.
    var bytesFree: Int {
        unsafe freeSmall.count * Size.small.rawValue + freeLarge.count * Size.large.rawValue
    }

    /// A block for `PendingBytes`, of any content.
    func take(_ size: Size) -> UnsafeMutableRawPointer {
        bytesInUse += size.rawValue
        let free = unsafe size == .small ? freeSmall.popLast() : freeLarge.popLast()
        return unsafe free ?? .allocate(byteCount: size.rawValue, alignment: 16)
    }

    /// Takes back what `take` gave out.
    func giveBack(_ block: UnsafeMutableRawPointer, _ size: Size) {
        bytesInUse -= size.rawValue
        switch size {
        case .small where unsafe freeSmall.count < Self.keptSmallBlocks: unsafe freeSmall.append(block)
        case .large where unsafe freeLarge.count < Self.keptLargeBlocks: unsafe freeLarge.append(block)
        case .small, .large:
            unsafe block.deallocate()
            bytesGivenBack += size.rawValue
        }
    }

    /// Gives memory back to the system after a crowd has gone; for now and then, not for every turn.
    func trim() {
        guard bytesGivenBack >= Self.trimmedBytes, bytesInUse == 0 else { return }
        bytesGivenBack = 0
        clinux_trim_heap()
    }
}
