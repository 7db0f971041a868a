/// What a server keeps of a password to check SCRAM-SHA-256 proofs (RFC 5802, section 3; RFC 7677).
///
/// As text: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` (PostgreSQL manual, "pg_authid").
struct SCRAMSecret: Sendable, Equatable {
    /// 1 to 2^31 - 1 when parsed. Secrets above `Digests.maximumIterations` authenticate nobody.
    let iterations: Int
    let salt: [UInt8]
    let storedKey: SHA256Value
    let serverKey: SHA256Value

    init(iterations: Int, salt: [UInt8], storedKey: SHA256Value, serverKey: SHA256Value) {
        self.iterations = iterations
        self.salt = salt
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// Nil unless the text decodes fully.
    init?(_ text: String) {
        let prefix = "SCRAM-SHA-256$"
        guard text.utf8.starts(with: prefix.utf8) else { return nil }
        let halves = text.utf8.dropFirst(prefix.utf8.count)
            .split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let fields = halves.flatMap { $0.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) }
        guard fields.count == 4, halves[0].contains(UInt8(ascii: ":")), halves[1].contains(UInt8(ascii: ":")),
            let iterations = SCRAMText.iterations(fields[0]), let salt = Base64.decode(fields[1]),
            let storedKey = Base64.decode(fields[2]).flatMap({ SHA256Value($0) }),
            let serverKey = Base64.decode(fields[3]).flatMap({ SHA256Value($0) })
        else { return nil }
        self.init(iterations: iterations, salt: salt, storedKey: storedKey, serverKey: serverKey)
    }

    /// The keys that a client must have had to make this proof; nil if it had not the password.
    ///
    /// ClientKey = ClientProof XOR HMAC(StoredKey, AuthMessage), and H(ClientKey) must be StoredKey.
    func keys(provenBy proof: SHA256Value, authMessage: [UInt8], _ digests: Digests) throws(DigestError) -> SCRAMKeys? {
        let clientKey = proof ^ (try digests.hmac(key: storedKey, authMessage))
        guard try digests.sha256(clientKey) == storedKey else { return nil }
        return SCRAMKeys(clientKey: clientKey, serverKey: serverKey)
    }
}

extension SCRAMSecret: CustomStringConvertible, CustomReflectable {
    var description: String { "SCRAM secret (hidden)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// The two keys that come from a password: who has them needs no password to log in to a server with the same secret,
/// and can tell that server from another.
struct SCRAMKeys: Sendable, Equatable {
    let clientKey: SHA256Value
    let serverKey: SHA256Value

    init(clientKey: SHA256Value, serverKey: SHA256Value) {
        self.clientKey = clientKey
        self.serverKey = serverKey
    }

    /// SaltedPassword = Hi(password, salt, iterations); the keys are its HMACs of two fixed texts.
    init(
        password: [UInt8], salt: [UInt8], iterations: Int, _ digests: Digests
    ) throws(DigestError) {
        let salted = try digests.pbkdf2(password: password, salt: salt, iterations: iterations)
        clientKey = try digests.hmac(key: salted, Array("Client Key".utf8))
        serverKey = try digests.hmac(key: salted, Array("Server Key".utf8))
    }

    func secret(salt: [UInt8], iterations: Int, _ digests: Digests) throws(DigestError) -> SCRAMSecret {
        SCRAMSecret(
            iterations: iterations, salt: salt, storedKey: try digests.sha256(clientKey), serverKey: serverKey)
    }

    /// ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage).
    func proof(authMessage: [UInt8], _ digests: Digests) throws(DigestError) -> SHA256Value {
        let storedKey = try digests.sha256(clientKey)
        return clientKey ^ (try digests.hmac(key: storedKey, authMessage))
    }
}
