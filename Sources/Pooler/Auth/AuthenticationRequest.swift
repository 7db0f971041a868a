/// The kinds of Authentication* messages (PostgreSQL manual, "Message Formats"): the number at the body's start.
struct AuthenticationRequest: RawRepresentable, Equatable, Sendable {
    let rawValue: UInt32

    static let ok = Self(rawValue: 0)
    static let cleartextPassword = Self(rawValue: 3)
    static let md5Password = Self(rawValue: 5)
    static let sasl = Self(rawValue: 10)
    static let saslContinue = Self(rawValue: 11)
    static let saslFinal = Self(rawValue: 12)

    static let scramMechanism = "SCRAM-SHA-256"
    /// With a binding to the TLS channel (RFC 5802, section 6).
    static let scramPlusMechanism = "SCRAM-SHA-256-PLUS"

    /// For an operator to read.
    var name: String {
        switch rawValue {
        case 2: "Kerberos V5"
        case 6: "SCM"
        case 7, 8: "GSSAPI"
        case 9: "SSPI"
        default: "number \(rawValue)"
        }
    }

    /// The whole message.
    func message(_ data: [UInt8] = []) -> [UInt8] {
        var writer = MessageWriter(capacity: data.count + 9)
        writer.message(.authentication) {
            $0.uint32(rawValue)
            $0.raw(data)
        }
        return writer.bytes
    }
}
