import COpenSSL
import Glibc

/// What lies between one TLS connection of OpenSSL and its socket: ciphertext on its way in, and on its way out.
///
/// OpenSSL never touches the socket. It finds its input in a window over bytes that were received already, and its
/// output is always taken: what the kernel refuses waits here. So OpenSSL can only ever want more input; it is never
/// stopped in the middle of a write, which it would then insist on repeating.
@safe
final class TLSLink {
    /// The most ciphertext that waits for the kernel. One record of 16 KiB is what `TLSStream` lets pile up by itself; a
    /// handshake or the answers to a peer's KeyUpdates never come near the rest.
    private static let unsentLimit = 128 * 1024

    private let descriptor: Int32
    /// Ciphertext for the call that runs; empty between calls.
    fileprivate var window = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// Ciphertext that came before there was a TLS engine, or that it could not take in yet.
    private(set) var early: [UInt8] = []
    private var unsent: [UInt8] = []
    /// How much of `unsent` is gone.
    private var unsentStart = 0
    /// Why the socket takes no more.
    private(set) var writeError: Errno?
    /// The session that the server offered last, for a later connection.
    var session: TLSSession?

    init(descriptor: Int32, early: [UInt8]) {
        self.descriptor = descriptor
        self.early = early
    }

    /// Whether ciphertext waits for the kernel.
    var hasUnsent: Bool { !unsent.isEmpty }

    /// What waits to be taken in.
    func takeEarly() -> [UInt8] {
        defer { early = [] }
        return early
    }

    /// Lets OpenSSL read `input` while `body` runs. What it leaves is kept for the next time.
    func withInput<Result>(_ input: UnsafeRawBufferPointer, _ body: () -> Result) -> Result {
        unsafe window = input
        defer {
            if unsafe !window.isEmpty { early = unsafe Array(window) + early }
            unsafe window = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return body()
    }

    /// Where the unread input begins; nil when all of it is read.
    var inputStart: UnsafeRawPointer? { unsafe window.isEmpty ? nil : window.baseAddress }

    /// Sends what waits. True when nothing is left.
    func flush() -> Bool {
        while unsentStart < unsent.count, writeError == nil {
            let result = unsafe unsent.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[unsentStart...])
                return unsafe Syscalls.send(descriptor, RawSpan(_unsafeBytes: rest))
            }
            switch result {
            case .bytes(let count): unsentStart += count
            case .wouldBlock: return false
            case .endOfFile: writeError = Errno(code: EPIPE)
            case .failed(let error): writeError = error
            }
        }
        unsent = []
        unsentStart = 0
        return true
    }

    /// Takes ciphertext from OpenSSL; false when it can go nowhere.
    fileprivate func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var sent = 0
        if unsent.isEmpty, writeError == nil {
            switch unsafe Syscalls.send(descriptor, RawSpan(_unsafeBytes: bytes)) {
            case .bytes(let count): sent = count
            case .wouldBlock: break
            case .endOfFile: writeError = Errno(code: EPIPE)
            case .failed(let error): writeError = error
            }
        }
        guard writeError == nil else { return false }
        let rest = unsafe bytes.dropFirst(sent)
        guard unsafe unsent.count - unsentStart + rest.count <= Self.unsentLimit else {
            writeError = Errno(code: ENOBUFS)
            return false
        }
        if unsafe !rest.isEmpty { unsafe unsent.append(contentsOf: rest) }
        return true
    }

    /// Gives an SSL its way in and out. The link must outlive it.
    func attach(to ssl: OpaquePointer) throws(TLSError) {
        guard let method = unsafe Self.method.pointer, let bio = unsafe BIO_new(method) else {
            throw TLSError.fromQueue("no BIO")
        }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        unsafe SSL_set_bio(ssl, bio, bio)
    }

    /// The link of an SSL.
    static func of(_ ssl: OpaquePointer?) -> TLSLink? {
        guard let ssl = unsafe ssl, let bio = unsafe SSL_get_rbio(ssl) else { return nil }
        return unsafe of(bio: bio)
    }

    fileprivate static func of(bio: OpaquePointer?) -> TLSLink? {
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSLink>.fromOpaque(data).takeUnretainedValue()
    }

    private static let method = BIOMethod()
}

/// The BIO_METHOD (bio_meth_new(3)) of every link: made once, never freed.
@safe
private struct BIOMethod: @unchecked Sendable {
    let pointer: OpaquePointer?

    init() {
        unsafe pointer = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pgvalet")
        guard let method = unsafe pointer else { return }
        unsafe BIO_meth_set_read(method) { bio, buffer, size in
            unsafe openssl_bio_clear_retry(bio)
            guard let link = unsafe TLSLink.of(bio: bio), let buffer = unsafe buffer, size > 0 else { return -1 }
            let count = unsafe min(Int(size), link.window.count)
            guard count > 0, let start = unsafe link.window.baseAddress else {
                unsafe openssl_bio_set_retry_read(bio)
                return -1
            }
            unsafe UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: count)
            unsafe link.window = UnsafeRawBufferPointer(rebasing: link.window[count...])
            return Int32(count)
        }
        unsafe BIO_meth_set_write(method) { bio, bytes, size in
            unsafe openssl_bio_clear_retry(bio)
            guard let link = unsafe TLSLink.of(bio: bio), let bytes = unsafe bytes, size > 0 else { return -1 }
            return unsafe link.write(UnsafeRawBufferPointer(start: bytes, count: Int(size))) ? size : -1
        }
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    }
}
