import COpenSSL
import Glibc
import Synchronization

/// The keys under which session tickets are sealed (RFC 5077, section 4), shared by all workers and kept over RELOAD.
///
/// A key seals for `lifetime`; for as long again it still opens what it has sealed, and such a ticket is replaced by one
/// under the present key. It never leaves the process.
@safe
final class TicketKeys: Sendable {
    /// How long a key seals, and a ticket is good.
    static let lifetime: Duration = .seconds(4 * 3600)

    private struct Key {
        static let size = 32
        let name: [UInt8]
        let cipher: [UInt8]
        let mac: [UInt8]
        let madeAt: Instant

        /// Nil where there is no randomness.
        init?(now: Instant) {
            var bytes = [UInt8](repeating: 0, count: 16 + 2 * Self.size)
            guard unsafe RAND_priv_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
            name = Array(bytes[..<16])
            cipher = Array(bytes[16..<16 + Self.size])
            mac = Array(bytes[(16 + Self.size)...])
            madeAt = now
        }
    }

    private struct Ring {
        var current: Key?
        var previous: Key?

        /// Puts a new key in the place of one that has sealed long enough, and forgets what is older than that.
        mutating func turn(now: Instant) {
            if let key = previous, now - key.madeAt >= TicketKeys.lifetime + TicketKeys.lifetime { previous = nil }
            if let key = current, now - key.madeAt < TicketKeys.lifetime { return }
            if let key = current, now - key.madeAt < TicketKeys.lifetime + TicketKeys.lifetime { previous = key }
            current = Key(now: now)
        }
    }

    private let ring = Mutex(Ring())
    private let clock: @Sendable () -> Instant

    init(clock: @escaping @Sendable () -> Instant = { .now() }) {
        self.clock = clock
    }

    /// The names of the keys that open tickets now, the one that seals first.
    var names: [[UInt8]] {
        ring.withLock { ring in
            ring.turn(now: clock())
            return [ring.current, ring.previous].compactMap { $0?.name }
        }
    }

    /// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): sets up cipher and MAC to seal (`isSealing`) or open one ticket.
    /// 1: done; 2: done, and a new ticket should be made; 0: no such key; -1: an error. Where each ticket is good for one
    /// connection (TLS 1.3, RFC 8446, section 4.6.1), there is a new one every time.
    fileprivate func prepare(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer,
        isSealing: Bool, isForOneUse: Bool
    ) -> Int32 {
        let (current, previous) = ring.withLock { ring in
            ring.turn(now: clock())
            return (ring.current, ring.previous)
        }
        guard let current else { return -1 }
        if isSealing {
            let size = unsafe EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())
            guard unsafe RAND_bytes(iv, size) == 1 else { return -1 }
            for (index, byte) in current.name.enumerated() { unsafe name[index] = byte }
            return unsafe Self.setUp(cipher, mac, current, iv, isSealing: true) ? 1 : -1
        }
        let wanted = unsafe Array(UnsafeBufferPointer(start: name, count: 16))
        if wanted == current.name {
            let isReady = unsafe Self.setUp(cipher, mac, current, iv, isSealing: false)
            return isReady ? (isForOneUse ? 2 : 1) : -1
        }
        guard let previous, wanted == previous.name else { return 0 }
        return unsafe Self.setUp(cipher, mac, previous, iv, isSealing: false) ? 2 : -1
    }

    private static func setUp(
        _ cipher: OpaquePointer, _ mac: OpaquePointer, _ key: Key, _ iv: UnsafeMutablePointer<UInt8>, isSealing: Bool
    ) -> Bool {
        let isReady = unsafe openssl_mac_set_hmac_sha256(mac, key.mac, key.mac.count) == 1
        guard isReady else { return false }
        return isSealing
            ? unsafe EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, iv) == 1
            : unsafe EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipher, iv) == 1
    }

    /// Makes a context seal its tickets with these keys. They must outlive it.
    func attach(to context: OpaquePointer) {
        unsafe SSL_CTX_set_ex_data(context, Self.exDataIndex, Unmanaged.passUnretained(self).toOpaque())
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, iv, cipher, mac, isSealing in
            guard let ssl = unsafe ssl, let context = unsafe SSL_get_SSL_CTX(ssl),
                let data = unsafe SSL_CTX_get_ex_data(context, TicketKeys.exDataIndex),
                let name = unsafe name, let iv = unsafe iv, let cipher = unsafe cipher, let mac = unsafe mac
            else { return -1 }
            let keys = unsafe Unmanaged<TicketKeys>.fromOpaque(data).takeUnretainedValue()
            return unsafe keys.prepare(
                name: name, iv: iv, cipher: cipher, mac: mac, isSealing: isSealing == 1,
                isForOneUse: SSL_version(ssl) >= TLS1_3_VERSION)
        }
    }

    private static let exDataIndex = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nil, nil, nil, nil)
}
