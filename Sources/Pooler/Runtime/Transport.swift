import Glibc

/// A connected stream, non-blocking both ways: plain, or TLS from some point on.
struct Transport: ~Copyable {
    private(set) var descriptor: FileDescriptor
    /// Beside `tls`, so that the plain path costs one test of a byte.
    private(set) var isTLS = false
    private(set) var tls: TLSStream?

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
        tls = nil
    }

    /// Reads into the scratch block behind `offset`. Over TLS that drives the handshake, too.
    @inline(__always)
    func receive(into scratch: Scratch, at offset: Int) -> IOResult {
        if isTLS { return receiveTLS(into: scratch, at: offset) }
        let number = descriptor.number
        return unsafe scratch.receive(at: offset) { unsafe Syscalls.receive(number, into: $0) }
    }

    @inline(never)
    private func receiveTLS(into scratch: Scratch, at offset: Int) -> IOResult {
        let number = descriptor.number
        return unsafe scratch.receive(at: offset) { unsafe tls?.receive(number, into: $0) ?? .endOfFile }
    }

    /// Whether more input may be left after a `receive` of so many bytes that no event will announce.
    @inline(__always)
    func mayHoldMore(after count: Int, into scratch: Scratch) -> Bool {
        isTLS ? tls?.mayHoldMore ?? false : count == scratch.receiveSize
    }

    /// Writes what the kernel takes. Over TLS, something of it may wait for room: see `hasUnsent`.
    @inline(__always)
    func send(_ bytes: RawSpan) -> IOResult {
        if isTLS { return sendTLS(bytes) }
        return Syscalls.send(descriptor.number, bytes)
    }

    @inline(never)
    private func sendTLS(_ bytes: RawSpan) -> IOResult {
        tls?.send(bytes) ?? .endOfFile
    }

    /// Whether bytes that count as sent wait for room in the kernel.
    @inline(__always)
    var hasUnsent: Bool { isTLS && tls?.hasUnsent ?? false }

    /// Sends what waits. True when nothing is left.
    func flush() -> Bool { tls?.flush() ?? true }

    /// Ends the stream both ways, for a socket that is closed when its last owner lets go of it.
    func shutDown() {
        tls?.close()
        _ = shutdown(descriptor.number, Int32(SHUT_RDWR))
    }

    /// Closes the socket, which leaves every Poller by that.
    mutating func close(saysGoodbye: Bool) {
        if saysGoodbye { tls?.close() }
        tls = nil
        isTLS = false
        descriptor.close()
    }

    /// Goes on encrypted. `early` is what came behind the plain bytes, for the TLS engine alone. A client of TLS says its
    /// first word at once.
    mutating func startTLS(
        _ context: TLSContext, _ role: TLSStream.Role, early: [UInt8] = []
    ) throws(TLSError) {
        precondition(!isTLS, "TLS within TLS")
        tls = try TLSStream(context, role, descriptor: descriptor.number, early: early)
        isTLS = true
        if case .connecting = role { tls?.begin() }
    }
}
