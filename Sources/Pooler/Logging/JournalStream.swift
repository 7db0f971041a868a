import Glibc

/// Whether a descriptor leads to journald (JOURNAL_STREAM, systemd.exec(5)): then lines carry a priority, and the journal
/// adds time and process itself.
struct JournalStream: Equatable, Sendable {
    let device: UInt64
    let inode: UInt64

    /// The variable's form, `device:inode` in decimal; nil when it is anything else.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else { return nil }
        self.device = device
        self.inode = inode
    }

    /// The stream that the service manager connected us to; nil when it did not. The variable is inherited by whatever a
    /// service starts, so it is compared with the descriptor.
    static var announced: JournalStream? {
        unsafe getenv("JOURNAL_STREAM").flatMap { unsafe JournalStream(String(cString: $0)) }
    }

    /// Whether the descriptor is this stream.
    func isBehind(_ descriptor: Int32) -> Bool {
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else { return false }
        return UInt64(facts.st_dev) == device && UInt64(facts.st_ino) == inode
    }
}
