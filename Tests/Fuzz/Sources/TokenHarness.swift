@testable import Pooler
@testable import PoolerConfig

/// Tokens of strangers, the key sets that they are checked with, and what programs print.
struct TokenHarness {
    /// The keys of the RFCs' examples (7515, A.2 and A.3; 8037, A.1).
    private static let keys = """
        {"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM\
        EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQO\
        S-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD\
        TW9gb54h4FRWyuXpoQ"},{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"OKP","crv":"Ed25519",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
        """

    private static let verifier: TokenVerifier = {
        do {
            return TokenVerifier(
                keys: try JSONWebKeySet(Array(keys.utf8)), issuer: "", audience: "", userClaim: "iss")
        } catch { fatalError("\(error)") }
    }()

    /// Nobody has the secret keys, so only the examples' own claims can be signed.
    static func token(_ input: [UInt8]) {
        do throws(TokenFailure) {
            try verifier.verify(input, now: 1_300_819_379) { name in
                guard name == "joe" else { fatalError("somebody else has signed") }
                return true
            }
        } catch {
            guard !error.description.isEmpty else { fatalError("a failure without a word") }
        }
    }

    static func keys(_ input: [UInt8]) {
        guard let set = try? JSONWebKeySet(input) else { return }
        guard !set.keys.isEmpty else { fatalError("a set without a key") }
        for key in set.keys { _ = key.verifies([UInt8](repeating: 1, count: 64), of: input) }
    }

    /// LDAP options, commands, and what a command prints.
    static func options(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        if let options = try? LDAPOptions(text) {
            // What was understood is understood again.
            guard (try? LDAPOptions(options.text)) == options else { fatalError("other options") }
        }
        if let command = try? PasswordCommand(text), command.arguments.isEmpty { fatalError("no program") }
        if let output = try? PasswordOutput(input), output.password.isEmpty || output.password.contains("\n") {
            fatalError("no password")
        }
        _ = RFC3339.secondsSince1970(input)
    }
}
