import Glibc

/// What a fuzzer can be let loose on: everything that somebody who has not logged in can send us, and the files that people write.
///
/// A target takes any bytes. It must not trap, hang or grow, and what it says of its own results must hold. A new one is a case
/// here and a folder of a few samples in Tests/Fuzz/Corpus.
enum FuzzTarget: String, CaseIterable {
    /// A client, from its first byte to being logged in, through the worker that serves it.
    case client
    /// A server that we log in to.
    case server
    /// A server that is asked for a secret (auth_query).
    case lookup
    /// Frames, however a stream is cut, and the messages that are looked into.
    case frames
    case ini
    case hba
    case ident
    case users
    /// A JSON Web Token in the place of a password.
    case token
    /// The keys that tokens are checked with.
    case keys
    /// LDAP options, `password_command`, and what a command prints.
    case options

    /// The one that PGVALET_FUZZ_TARGET names.
    static let current: FuzzTarget = {
        let name = unsafe getenv("PGVALET_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            fatalError("PGVALET_FUZZ_TARGET must be one of \(allCases.map(\.rawValue))")
        }
        return target
    }()

    /// Takes one input.
    func run(_ input: [UInt8]) {
        switch self {
        case .client: ClientHarness.run(input)
        case .server: ServerHarness.logIn(input)
        case .lookup: ServerHarness.lookUp(input)
        case .frames: FrameHarness.run(input)
        case .ini: ConfigurationHarness.ini(input)
        case .hba: ConfigurationHarness.hba(input)
        case .ident: ConfigurationHarness.ident(input)
        case .users: ConfigurationHarness.users(input)
        case .token: TokenHarness.token(input)
        case .keys: TokenHarness.keys(input)
        case .options: TokenHarness.options(input)
        }
    }
}

/// What libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    FuzzTarget.current.run(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// SwiftPM wants an entry point of this name in every executable; libFuzzer's own is never called then.
@_cdecl("pgvalet_fuzz_main")
public func fuzzMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var count = count
    var arguments = unsafe arguments
    return unsafe runFuzzer(&count, &arguments, fuzzOneInput)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
