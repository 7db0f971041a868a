/// The work of turning a password into SCRAM keys, PBKDF2: a millisecond at 4096 iterations, too long for a worker's turn.
struct SCRAMDerivation: Sendable, Equatable {
    /// What came of it.
    enum Outcome: Sendable, Equatable {
        case keys(SCRAMKeys)
        /// More iterations than a login is worth, or no OpenSSL to do it.
        case impossible
        /// Too many others wait for theirs.
        case queueFull
    }

    let password: [UInt8]
    let salt: [UInt8]
    let iterations: Int
    /// The server key that the right password gives; nil where the password is known to be right. Other keys come of a guess,
    /// and are not kept: they would push out those that serve.
    var expected: SHA256Value?

    /// Does it, on whatever thread.
    func outcome(_ digests: Digests) -> Outcome {
        guard let keys = try? SCRAMKeys(password: password, salt: salt, iterations: iterations, digests) else {
            return .impossible
        }
        return .keys(keys)
    }
}

extension SCRAMDerivation: CustomStringConvertible, CustomReflectable {
    var description: String { "derivation of a password (hidden)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
