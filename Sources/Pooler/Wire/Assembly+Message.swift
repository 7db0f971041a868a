extension Assembly {
    /// Adds the head of a message of ours, whose body follows: the type, and the length that goes with it.
    func insertHead(_ type: FrontendMessageType, frameLength: Int, beside scratch: Scratch) {
        insert(byte: type.rawValue, beside: scratch)
        insert(length: frameLength - 1, beside: scratch)
    }

    /// As above, for a message to a client.
    func insertHead(_ type: BackendMessageType, frameLength: Int, beside scratch: Scratch) {
        insert(byte: type.rawValue, beside: scratch)
        insert(length: frameLength - 1, beside: scratch)
    }

    private func insert(length: Int, beside scratch: Scratch) {
        let length = UInt32(truncatingIfNeeded: length)
        insert(byte: UInt8(truncatingIfNeeded: length >> 24), beside: scratch)
        insert(byte: UInt8(truncatingIfNeeded: length >> 16), beside: scratch)
        insert(byte: UInt8(truncatingIfNeeded: length >> 8), beside: scratch)
        insert(byte: UInt8(truncatingIfNeeded: length), beside: scratch)
    }
}
