import Glibc

/// A connected stream, non-blocking both ways.
struct Transport: ~Copyable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Reads into the scratch block behind `offset`.
    @inline(__always)
    func receive(into scratch: Scratch, at offset: Int) -> IOResult {
        let number = descriptor.number
        return unsafe scratch.receive(at: offset) { unsafe Syscalls.receive(number, into: $0) }
    }

    /// Ends the stream both ways, for a socket that is closed when its last owner lets go of it.
    func shutDown() {
        _ = shutdown(descriptor.number, Int32(SHUT_RDWR))
    }

    /// Writes what the kernel takes.
    @inline(__always)
    func send(_ bytes: RawSpan) -> IOResult {
        Syscalls.send(descriptor.number, bytes)
    }
}
