/// Postgres's md5 passwords (PostgreSQL manual, "AuthenticationMD5Password").
enum MD5Password {
    /// The stored form without its "md5": hex(MD5(password, user)).
    static func digest(password: [UInt8], user: String, _ digests: Digests) throws(DigestError) -> [UInt8] {
        try digests.md5Hex(password + Array(user.utf8))
    }

    /// What a client answers: "md5", hex(MD5(digest, salt)).
    static func response(digest: [UInt8], salt: [UInt8], _ digests: Digests) throws(DigestError) -> [UInt8] {
        Array("md5".utf8) + (try digests.md5Hex(digest + salt))
    }

    /// The digits of a stored secret.
    static func digest(ofSecret secret: String) -> [UInt8] { Array(secret.utf8.dropFirst(3)) }
}
