import Testing

@testable import Pooler

@Suite struct SecretTests {
    enum Kind { case none, plain, md5, scram }

    private static func kind(_ secret: Secret) -> Kind {
        switch secret {
        case .none: .none
        case .plain: .plain
        case .md5: .md5
        case .scram: .scram
        }
    }

    private static let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

    @Test(arguments: [
        ("", Kind.none),
        ("secret", .plain),
        ("md5", .plain),
        ("md50123456789abcdef0123456789abcdef", .md5),
        ("md50123456789ABCDEF0123456789abcdef", .plain),
        ("md50123456789abcdef0123456789abcde", .plain),
        ("md50123456789abcdef0123456789abcdef0", .plain),
        ("md50123456789abcdef0123456789abcdeg", .plain),
        ("SCRAM-SHA-256$4096:AAAA$\(key):\(key)", .scram),
        ("SCRAM-SHA-256$2147483647:AAAA$\(key):\(key)", .scram),
        ("SCRAM-SHA-256$2147483648:AAAA$\(key):\(key)", .plain),
        ("SCRAM-SHA-256$99999999999999999999:AAAA$\(key):\(key)", .plain),
        ("SCRAM-SHA-256$0:AAAA$\(key):\(key)", .plain),
        ("SCRAM-SHA-256$-1:AAAA$\(key):\(key)", .plain),
        ("SCRAM-SHA-256$:AAAA$\(key):\(key)", .plain),
        ("SCRAM-SHA-256$4096:AAA$\(key):\(key)", .plain),
        ("SCRAM-SHA-256$4096:AAAA$AAAA:\(key)", .plain),
        ("SCRAM-SHA-256$4096:AAAA$\(key)", .plain),
        ("SCRAM-SHA-256$4096:AAAA$\(key):\(key):", .plain),
        ("SCRAM-SHA-256$4096:AAAA:\(key)$\(key)", .plain),
        ("SCRAM-SHA-256$4096$AAAA:\(key):\(key)", .plain),
        ("SCRAM-SHA-256$4096:AAAA$\(key):\(key)$", .plain),
        ("SCRAM-SHA-1$4096:AAAA$\(key):\(key)", .plain),
        ("scram-sha-256$4096:AAAA$\(key):\(key)", .plain),
        ("SCRAM-SHA-256$", .plain),
    ])
    func `A secret is recognised by its shape`(_ text: String, _ kind: Kind) {
        #expect(Self.kind(Secret(text)) == kind)
    }

    @Test func `No damaged SCRAM secret traps`() {
        let text = Array("SCRAM-SHA-256$4096:AAAA$\(Self.key):\(Self.key)".utf8)
        for copy in damaged(text, seed: 1, mutations: 3000) {
            _ = Secret(String(decoding: copy, as: UTF8.self))
        }
    }

    @Test(arguments: [Sample.plain, Sample.md5, Sample.scram])
    func `Neither printing nor dumping shows a secret`(_ secret: Secret) throws {
        let keys = try SCRAMKeys(password: [1], salt: [2], iterations: 1, try Digests())
        let credential = Credential(secret: secret, scramKeys: keys)
        var printed = "\(credential) \(String(reflecting: credential))"
        dump(credential, to: &printed)
        if case .scram(let scram) = secret {
            dump(scram, to: &printed)
            dump(scram.storedKey, to: &printed)
            printed += String(reflecting: scram)
            #expect(!printed.contains("\(scram.salt[4])"))
        }
        #expect(!printed.contains("correct"))
        #expect(!printed.contains(Sample.md5Digest))
        #expect(!printed.contains("\(keys.clientKey.bytes[0]), "))
        #expect(printed.contains("hidden"))
    }

    @Test func `Two spellings of one letter are two passwords`() {
        #expect(Secret("\u{E9}") != Secret("e\u{301}"))
        #expect(Secret("\u{E9}") == Secret("\u{E9}"))
        #expect(Sample.plain != Sample.md5)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `The vectors of RFC 4648 go both ways`(_ plain: String, _ text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(text.utf8))
        #expect(Base64.decode(text.utf8).map { Array($0) } == Array(plain.utf8))
    }

    @Test func `All bytes survive, at every length`() {
        for length in 0...258 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 167) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zh==", "Zm9=", "Zm9v=", "Zm 9v", "Zm9v\n", "Zg==Zg==",
        "Zm=v", "Zm9-", "Zm9_", "Zm9\u{E9}",
    ])
    func `What is not canonical is refused`(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
