/// What a client is told and believes at first of the tracked parameters. Clients of a pool mostly give the same values, so the last
/// one's is kept for the next.
struct Greeting {
    /// What it was made of.
    private let welcome: Welcome
    private let given: [[UInt8]?]

    /// The client's values, the server's where it gave none.
    let parameters: ParameterSet
    /// Those that RESET goes back to: the client's own; nil where it gave none.
    let starting: ParameterSet?
    /// AuthenticationOk and the parameters, as messages.
    let messages: [UInt8]

    init(
        _ welcome: Welcome, given: [[UInt8]?], names: [String], parameters: ParameterSet, starting: ParameterSet?
    ) {
        (self.welcome, self.given, self.parameters, self.starting) = (welcome, given, parameters, starting)
        var writer = MessageWriter(capacity: welcome.untracked.count + 256)
        writer.authenticationOk()
        writer.raw(welcome.untracked)
        for (name, value) in zip(names, parameters.values) {
            if let value { writer.parameterStatus(name, value) }
        }
        messages = writer.bytes
    }

    /// Whether a client that gave these values is to be told the same.
    func serves(_ given: [[UInt8]?], _ welcome: Welcome) -> Bool {
        self.given == given && self.welcome == welcome
    }
}
