import Glibc

/// An open descriptor with one owner, who closes it, at the latest by letting go of it.
struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number; -1 once it is closed.
    private(set) var number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        if number >= 0 { Glibc.close(number) }
    }

    /// Closes it before its owner goes.
    mutating func close() {
        guard number >= 0 else { return }
        Glibc.close(number)
        number = -1
    }

    /// Gives the number away without closing it.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}
