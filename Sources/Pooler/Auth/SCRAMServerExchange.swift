/// What has been said in one SCRAM exchange in which we are the server, after the client's first message
/// (RFC 5802, section 5). It knows the grammar; the keys are the caller's.
struct SCRAMServerExchange: Sendable {
    /// server-first-message, to be sent.
    let serverFirst: [UInt8]
    let salt: [UInt8]
    let iterations: Int
    /// client-first-message-bare: a part of AuthMessage.
    private let clientFirstBare: [UInt8]
    /// The client's nonce and ours.
    private let nonce: [UInt8]
    /// What the client must repeat in `c=`.
    private let channelBindingInput: [UInt8]

    /// What the client's last message says.
    struct ClientFinal {
        let authMessage: [UInt8]
        let proof: SHA256Value
    }

    /// Nil for a malformed message, and for what we do not offer: a way of channel binding that is not among `bindings`,
    /// acting for another user (authzid), mandatory extensions (`m`). The user name inside is ignored, as Postgres does.
    init?(
        clientFirst: ArraySlice<UInt8>, bindings: [ChannelBinding] = [.none, .unused], serverNonce: [UInt8],
        salt: [UInt8], iterations: Int
    ) {
        guard clientFirst.count <= SCRAMText.maximumLength else { return nil }
        let comma = UInt8(ascii: ",")
        let parts = clientFirst.split(separator: comma, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty,
            let binding = bindings.first(where: { $0.header.elementsEqual(parts[0] + [comma, comma]) }),
            let attributes = SCRAMText.attributes(parts[2]), attributes.count >= 2,
            attributes[0].value(named: "n") != nil,
            let clientNonce = attributes[1].value(named: "r"), SCRAMText.isNonce(clientNonce)
        else { return nil }
        self.salt = salt
        self.iterations = iterations
        clientFirstBare = Array(parts[2])
        nonce = clientNonce + serverNonce
        channelBindingInput = binding.input
        var writer = MessageWriter(capacity: nonce.count + salt.count * 2 + 24)
        writer.raw("r=".utf8)
        writer.raw(nonce)
        writer.raw(",s=".utf8)
        writer.raw(Base64.encode(salt))
        writer.raw(",i=".utf8)
        writer.raw(String(iterations).utf8)
        serverFirst = writer.bytes
    }

    /// Reads client-final-message; nil if it is malformed or belongs to another exchange.
    func clientFinalReceived(_ message: ArraySlice<UInt8>) -> ClientFinal? {
        guard let attributes = SCRAMText.attributes(message), attributes.count >= 3,
            let binding = attributes[0].value(named: "c"),
            binding.elementsEqual(Base64.encode(channelBindingInput)),
            let nonce = attributes[1].value(named: "r"), nonce.elementsEqual(self.nonce),
            let last = attributes.last?.value(named: "p"),
            let proof = Base64.decode(last).flatMap({ SHA256Value($0) })
        else { return nil }
        var authMessage = MessageWriter(capacity: clientFirstBare.count + serverFirst.count + message.count)
        authMessage.raw(clientFirstBare)
        authMessage.uint8(UInt8(ascii: ","))
        authMessage.raw(serverFirst)
        authMessage.uint8(UInt8(ascii: ","))
        // Without ",p=" and its value.
        authMessage.raw(message.dropLast(last.count + 3))
        return ClientFinal(authMessage: authMessage.bytes, proof: proof)
    }
}
