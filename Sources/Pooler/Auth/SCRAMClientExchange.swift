/// One SCRAM exchange in which we are the client of a Postgres server (RFC 5802, section 5). It knows the grammar; the
/// keys are the caller's.
struct SCRAMClientExchange: Sendable {
    private let nonce: [UInt8]
    private let binding: ChannelBinding

    /// What the server asks for.
    struct Challenge {
        let salt: [UInt8]
        let iterations: Int
        let authMessage: [UInt8]
        fileprivate let withoutProof: [UInt8]

        func clientFinal(proof: SHA256Value) -> [UInt8] {
            withoutProof + Array(",p=".utf8) + Base64.encode(proof.bytes)
        }
    }

    init(nonce: [UInt8], binding: ChannelBinding = .none) {
        self.nonce = nonce
        self.binding = binding
    }

    var clientFirst: [UInt8] { binding.header + clientFirstBare }

    /// The user's name is empty: Postgres takes the one of the startup packet.
    private var clientFirstBare: [UInt8] { Array("n=,r=".utf8) + nonce }

    /// Reads server-first-message; nil if it is malformed, too long, does not continue our nonce, or requires an
    /// extension.
    func serverFirstReceived(_ message: ArraySlice<UInt8>) -> Challenge? {
        guard let attributes = SCRAMText.attributes(message), attributes.count >= 3,
            let serverNonce = attributes[0].value(named: "r"), SCRAMText.isNonce(serverNonce),
            serverNonce.count > nonce.count, serverNonce.starts(with: nonce),
            let salt = attributes[1].value(named: "s").flatMap({ Base64.decode($0) }), !salt.isEmpty,
            let iterations = attributes[2].value(named: "i").flatMap({ SCRAMText.iterations($0) })
        else { return nil }
        let comma = [UInt8(ascii: ",")]
        let withoutProof = Array("c=".utf8) + Base64.encode(binding.input) + Array(",r=".utf8) + serverNonce
        return Challenge(
            salt: salt, iterations: iterations,
            authMessage: clientFirstBare + comma + message + comma + withoutProof, withoutProof: withoutProof)
    }

    /// Reads server-final-message; nil if it holds no signature.
    static func serverSignature(in message: ArraySlice<UInt8>) -> SHA256Value? {
        SCRAMText.attributes(message)?.first?.value(named: "v")
            .flatMap { Base64.decode($0) }.flatMap { SHA256Value($0) }
    }
}
