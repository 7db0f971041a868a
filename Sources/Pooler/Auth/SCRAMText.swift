/// The grammar that the SCRAM messages of both roles share (RFC 5802, section 7).
enum SCRAMText {
    /// The longest SCRAM message that is looked at, in bytes. Postgres's own are below 200; a proxy's user name inside
    /// may be longer.
    static let maximumLength = 4096

    private static let comma = UInt8(ascii: ",")

    /// One `letter=value`.
    struct Attribute {
        let name: UInt8
        let value: ArraySlice<UInt8>

        /// The value, if this is the attribute of that name.
        func value(named letter: Unicode.Scalar) -> ArraySlice<UInt8>? {
            name == UInt8(ascii: letter) ? value : nil
        }
    }

    /// The attributes of a message in order; nil for a message that is too long or has anything else in it.
    static func attributes(_ message: ArraySlice<UInt8>) -> [Attribute]? {
        guard message.count <= maximumLength, !message.contains(0) else { return nil }
        var attributes: [Attribute] = []
        attributes.reserveCapacity(4)
        var start = message.startIndex
        while true {
            let end = message[start...].firstIndex(of: comma) ?? message.endIndex
            guard end - start >= 2, isLetter(message[start]), message[start + 1] == UInt8(ascii: "=") else {
                return nil
            }
            attributes.append(Attribute(name: message[start], value: message[(start + 2)..<end]))
            if end == message.endIndex { return attributes }
            start = end + 1
        }
    }

    /// A nonce is printable ASCII without a comma, at least one character.
    static func isNonce(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { 0x21...0x7E ~= $0 && $0 != comma }
    }

    /// A decimal number from 1 to 2^31 - 1.
    static func iterations(_ text: some Collection<UInt8>) -> Int? {
        guard 1...10 ~= text.count else { return nil }
        var number = 0
        for digit in text {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return 1...Int(Int32.max) ~= number ? number : nil
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    /// A password as SCRAM hashes it. SASLprep (RFC 4013) leaves ASCII as it is, and Postgres takes the raw bytes of
    /// what SASLprep refuses. Other text is taken as it is too: that differs from Postgres only for passwords
    /// that are not in the normal form NFKC or hold one of the characters that SASLprep maps away.
    static func prepared(_ password: String) -> [UInt8] { Array(password.utf8) }
}
