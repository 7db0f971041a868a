import Glibc

/// An error number of the kernel (errno(3)).
struct Errno: Error, Equatable, Sendable, CustomStringConvertible {
    let code: Int32

    /// What the last call of this thread left in errno. Read it at once: anything in between may change it.
    static var last: Errno { Errno(code: errno) }

    var description: String {
        unsafe String(cString: strerror(code))
    }
}
