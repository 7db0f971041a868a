import Glibc

/// An open descriptor with one owner, who closes it by letting go of it.
struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number.
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Gives the number away without closing it.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}
