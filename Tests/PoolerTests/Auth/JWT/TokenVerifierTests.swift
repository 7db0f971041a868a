import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct TokenVerifierTests {
    /// One key of each kind for all tests.
    private static let issuers: [TokenIssuer.Kind: TokenIssuer] = {
        do {
            return try Dictionary(uniqueKeysWithValues: TokenIssuer.Kind.allCases.map { ($0, try TokenIssuer($0)) })
        } catch {
            fatalError("openssl: \(error)")
        }
    }()

    private static let now: Int64 = 1_800_000_000

    private static func issuer(_ kind: TokenIssuer.Kind) throws -> TokenIssuer { try #require(issuers[kind]) }

    private static func verifier(
        _ keys: [String], issuer: String = "", audience: String = "", claim: String = "sub"
    ) throws -> TokenVerifier {
        TokenVerifier(
            keys: try JSONWebKeySet(Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8)), issuer: issuer,
            audience: audience, userClaim: claim)
    }

    /// What is wrong with a token for a user; nil if nothing is.
    private static func failure(_ verifier: TokenVerifier, _ token: String, as user: String = "app") -> TokenFailure? {
        do throws(TokenFailure) {
            try verifier.verify(Array(token.utf8), now: now) { $0 == user }
            return nil
        } catch {
            return error
        }
    }

    private static let good = #"{"sub":"app","exp":1800000100}"#

    @Test(arguments: TokenIssuer.Kind.allCases)
    func `a token of a known key lets its user in, and nobody else`(kind: TokenIssuer.Kind) throws {
        let issuer = try Self.issuer(kind)
        let verifier = try Self.verifier([issuer.publicKey()])
        let token = try issuer.token(Self.good)
        #expect(Self.failure(verifier, token) == nil)
        #expect(Self.failure(verifier, token, as: "postgres") == .user(claim: "sub"))
        let stranger = try Self.verifier([TokenIssuer(kind).publicKey()])
        #expect(Self.failure(stranger, token) == .signature)
    }

    @Test(arguments: TokenIssuer.Kind.allCases)
    func `no bit of a token can be changed`(kind: TokenIssuer.Kind) throws {
        let issuer = try Self.issuer(kind)
        let verifier = try Self.verifier([issuer.publicKey()])
        let token = Array(try issuer.token(Self.good).utf8)
        for place in token.indices where token[place] != UInt8(ascii: ".") {
            var changed = token
            changed[place] = token[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(Self.failure(verifier, String(decoding: changed, as: UTF8.self)) != nil, "byte \(place)")
        }
        for length in 0..<token.count {
            #expect(Self.failure(verifier, String(decoding: token[..<length], as: UTF8.self)) != nil)
        }
    }

    @Test func `none, and HMAC with the public key as its secret, are no signatures`() throws {
        let issuer = try Self.issuer(.rs256)
        let verifier = try Self.verifier([issuer.publicKey()])
        for name in ["none", "None", "NONE", "", "HS256", "HS512", "RS1", "RS384", "PS256", "rs256", "ES256K"] {
            let header = "{\"alg\":\"\(name)\"}"
            let parts = "\(base64URL(header.utf8)).\(base64URL(Self.good.utf8))"
            #expect(Self.failure(verifier, parts + ".") == .algorithm)
            #expect(Self.failure(verifier, parts + ".\(base64URL(try issuer.sign(parts)))") == .algorithm)
        }
        for header in ["{}", #"{"alg":null}"#, #"{"alg":["RS256"]}"#, #"{"alg":1}"#] {
            #expect(Self.failure(verifier, try issuer.token(Self.good, header: header)) == .algorithm)
        }
    }

    @Test func `the key says what it is for, not the token`() throws {
        let issuer = try Self.issuer(.rs256)
        let verifier = try Self.verifier([issuer.publicKey()])
        for name in ["ES256", "EdDSA"] {
            #expect(Self.failure(verifier, try issuer.token(Self.good, header: "{\"alg\":\"\(name)\"}")) == .unknownKey)
        }
        let others = try Self.verifier([Self.issuer(.es256).publicKey(), Self.issuer(.edDSA).publicKey()])
        for name in ["ES256", "EdDSA"] {
            #expect(Self.failure(others, try issuer.token(Self.good, header: "{\"alg\":\"\(name)\"}")) == .signature)
        }
    }

    @Test func `a kid chooses the key, and what else the header says is not heeded`() throws {
        let (one, two) = (try Self.issuer(.es256), try TokenIssuer(.es256))
        let verifier = try Self.verifier([one.publicKey(id: "one"), two.publicKey(id: "two")])
        #expect(Self.failure(verifier, try one.token(Self.good, header: #"{"alg":"ES256","kid":"one"}"#)) == nil)
        #expect(Self.failure(verifier, try two.token(Self.good, header: #"{"alg":"ES256","kid":"two"}"#)) == nil)
        #expect(Self.failure(verifier, try one.token(Self.good, header: #"{"alg":"ES256","kid":"two"}"#)) == .signature)
        #expect(
            Self.failure(verifier, try one.token(Self.good, header: #"{"alg":"ES256","kid":"six"}"#)) == .unknownKey)
        #expect(Self.failure(verifier, try two.token(Self.good)) == nil)
        let stranger = try TokenIssuer(.es256)
        let embedded =
            "{\"alg\":\"ES256\",\"jwk\":\(try stranger.publicKey()),\"jku\":\"https://x/\",\"x5u\":\"https://x/\"}"
        #expect(Self.failure(verifier, try stranger.token(Self.good, header: embedded)) == .signature)
        #expect(
            Self.failure(verifier, try one.token(Self.good, header: #"{"alg":"ES256","crit":["b64"],"b64":false}"#))
                == .malformed("its header has critical extensions"))
        #expect(Self.failure(verifier, try one.token(Self.good, header: #"{"alg":"ES256","kid":7}"#)) != nil)
    }

    @Test(
        arguments: [
            (#"{"sub":"app"}"#, .missing(claim: "exp")), (#"{"sub":"app","exp":"1800000100"}"#, .missing(claim: "exp")),
            (#"{"sub":"app","exp":null}"#, .missing(claim: "exp")), (#"{"sub":"app","exp":1799999940}"#, .expired),
            (#"{"sub":"app","exp":1799999941}"#, nil), (#"{"sub":"app","exp":-1}"#, .expired),
            (#"{"sub":"app","exp":1e300}"#, nil),
            (#"{"sub":"app","exp":1800000100,"nbf":1800000060}"#, nil),
            (#"{"sub":"app","exp":1800000100,"nbf":1800000061}"#, .notYetValid),
            (#"{"sub":"app","exp":1800000100,"nbf":"0"}"#, .missing(claim: "nbf")),
            (#"{"exp":1800000100}"#, .missing(claim: "sub")), (#"{"sub":"","exp":1800000100}"#, .missing(claim: "sub")),
            (#"{"sub":["app"],"exp":1800000100}"#, .missing(claim: "sub")),
            (#"{"sub":"App","exp":1800000100}"#, .user(claim: "sub")),
            (#"{"sub":"app","sub":"postgres","exp":1800000100}"#, .malformed("its payload is no JSON object")),
            (#"{"sub":"app","exp":1800000100,"exp":1}"#, .malformed("its payload is no JSON object")),
            (#"["app"]"#, .malformed("its payload is no JSON object")),
            ("", .malformed("its payload is no JSON object")),
        ] as [(String, TokenFailure?)])
    func `claims decide, with a minute for clocks that differ`(claims: String, failure: TokenFailure?) throws {
        let issuer = try Self.issuer(.edDSA)
        #expect(Self.failure(try Self.verifier([issuer.publicKey()]), try issuer.token(claims)) == failure)
    }

    @Test(
        arguments: [
            (#""iss":"i","aud":"a""#, nil), (#""iss":"i","aud":["b","a"]"#, nil), (#""iss":"I","aud":"a""#, .issuer),
            (#""aud":"a""#, .issuer), (#""iss":["i"],"aud":"a""#, .issuer), (#""iss":"i""#, .audience),
            (#""iss":"i","aud":"b""#, .audience), (#""iss":"i","aud":[]"#, .audience),
            (#""iss":"i","aud":[["a"]]"#, .audience),
            (#""iss":"i","aud":{"a":1}"#, .audience),
        ] as [(String, TokenFailure?)])
    func `issuer and audience are as they are set`(claims: String, failure: TokenFailure?) throws {
        let issuer = try Self.issuer(.edDSA)
        let verifier = try Self.verifier([issuer.publicKey()], issuer: "i", audience: "a", claim: "preferred_username")
        let token = try issuer.token("{\"preferred_username\":\"app\",\"exp\":1800000100,\(claims)}")
        #expect(Self.failure(verifier, token) == failure)
    }

    @Test func `huge and odd tokens are refused before anything is computed`() throws {
        let issuer = try Self.issuer(.edDSA)
        let verifier = try Self.verifier([issuer.publicKey()])
        let large = try issuer.token(
            "{\"sub\":\"app\",\"exp\":1800000100,\"x\":\"\(String(repeating: "a", count: 12_300))\"}")
        #expect(Self.failure(verifier, large) == .malformed("it has \(large.utf8.count) bytes"))
        for text in [
            "", ".", "..", "...", "a.b.c", "a.b.c.d", "\u{0}", "e30.e30.", "e30=.e30.AA", "e3+.e30.AA", "e31.e30.AA",
        ] {
            #expect(Self.failure(verifier, text) != nil)
        }
    }

    @Test func `the examples of the RFCs`() throws {
        let rsa = """
            {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz\
            P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-K\
            XBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM\
            Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ"}
            """
        let ec = """
            {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
            """
        let payload =
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let verifier = try Self.verifier([rsa, ec], claim: "iss")
        for token in [
            """
            eyJhbGciOiJSUzI1NiJ9.\(payload).cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt\
            _O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRm\
            B_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywl\
            VmtVrBp0igcN_IoypGlUPQGe77Rw
            """,
            """
            eyJhbGciOiJFUzI1NiJ9.\(payload).DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
            """,
        ] {
            try verifier.verify(Array(token.utf8), now: 1_300_819_379) { $0 == "joe" }
            #expect(throws: TokenFailure.expired) {
                try verifier.verify(Array(token.utf8), now: 1_300_819_440) { $0 == "joe" }
            }
        }
        // RFC 8037, A.4: what is signed there is no set of claims.
        let point = try #require(Base64.decodeURL(Array("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".utf8)[...]))
        let signature =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        #expect(
            try VerificationKey(ed25519: point, id: nil).verifies(
                try #require(Base64.decodeURL(Array(signature.utf8)[...])),
                of: Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)))
    }

    @Test func `signatures of the wrong length or value never trap`() throws {
        for kind in TokenIssuer.Kind.allCases {
            let key = try #require(Self.verifier([Self.issuer(kind).publicKey()]).keys.keys.first)
            for count in [0, 1, 31, 32, 63, 64, 65, 255, 256, 257, 4096] {
                for byte in [0, 1, 0x7F, 0xFF] as [UInt8] {
                    #expect(!key.verifies([UInt8](repeating: byte, count: count), of: [1, 2, 3]))
                }
            }
        }
    }
}

@Suite struct JSONWebKeySetTests {
    private static func problem(_ text: String) -> String? {
        do throws(JSONWebKeySet.Unusable) {
            _ = try JSONWebKeySet(Array(text.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `keys that are for something else are left out, with a word`() throws {
        let issuer = try TokenIssuer(.edDSA)
        let set = try JSONWebKeySet(
            Array(
                """
                {"more":1,"keys":[\(issuer.publicKey(id: "good", more: ",\"use\":\"sig\",\"alg\":\"EdDSA\",\"key_ops\":[\"verify\"]")),
                \(issuer.publicKey(more: ",\"use\":\"enc\"")), \(issuer.publicKey(more: ",\"alg\":\"RS256\"")),
                \(issuer.publicKey(more: ",\"key_ops\":[\"sign\"]")), \(issuer.publicKey(more: ",\"d\":\"AAAA\"")),
                {"kty":"oct","k":"c2VjcmV0"}, {"kty":"EC","crv":"P-384","x":"AA","y":"AA"}, {}, 7, {"kty":"OKP","crv":"Ed25519","x":"AA"},
                {"kty":"EC","crv":"P-256","x":"\(base64URL([UInt8](repeating: 1, count: 32)))","y":"\(base64URL([UInt8](repeating: 1, count: 32)))"}]}
                """.utf8))
        #expect(set.keys.map(\.id) == ["good"])
        #expect(set.warnings.count == 10)
        #expect(set.warnings.contains("key 6 is not used: it is a secret key, which has no place here"))
        #expect(set.warnings.contains("key 11 is not used: it is no point of its curve"))
        #expect(!set.warnings.joined().contains("c2VjcmV0"))
    }

    @Test func `short RSA keys and odd exponents are refused`() throws {
        #expect(
            Self.problem("{\"keys\":[\(try TokenIssuer(.rs256, rsaBits: 1024).publicKey())]}")?.contains("bits") == true
        )
        let good = try TokenIssuer(.rs256).publicKey()
        #expect(Self.problem("{\"keys\":[\(good)]}") == nil)
        for exponent in ["AQ", "Ag", "AA", "AQAA"] {
            let key = good.replacing("AQAB", with: exponent)
            #expect(Self.problem("{\"keys\":[\(key)]}")?.contains("exponent") == true)
        }
    }

    @Test(arguments: [
        ("", "no JSON at byte 0"), ("{\"keys\":[", "no JSON at byte 9"),
        ("[]", "no JSON object with an array \"keys\""),
        ("{\"keys\":{}}", "no JSON object with an array \"keys\""),
        ("{\"keys\":[]}", "no key for RS256, ES256 or EdDSA"),
        (
            "{\"keys\":[{\"kty\":\"x\"}]}",
            "no key for RS256, ES256 or EdDSA (key 1 is not used: its kty is not RSA, EC or OKP)"
        ),
    ])
    func `a file without a key is of no use`(text: String, problem: String) {
        #expect(Self.problem(text) == problem)
    }

    @Test func `size and number have an end`() {
        #expect(
            Self.problem("{\"keys\":[\(Array(repeating: "{}", count: 257).joined(separator: ","))]}")
                == "more than 256 keys")
        #expect(Self.problem(String(repeating: " ", count: 1 << 20) + "{}") == "more than 1048576 bytes")
    }
}
