import Testing

@testable import Pooler

@Suite struct SCRAMTests {
    // RFC 7677, section 3.
    private static let clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    private static let serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    private static let serverFirst =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    private static let clientFinal =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    private static let signature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    private static func exchange(_ clientFirst: String) throws -> SCRAMServerExchange? {
        let salt = try #require(Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ==".utf8))
        return SCRAMServerExchange(
            clientFirst: Array(clientFirst.utf8)[...], serverNonce: Array(serverNonce.utf8), salt: salt,
            iterations: 4096)
    }

    @Test func `The exchange of RFC 7677 comes out byte for byte`() throws {
        let exchange = try #require(try Self.exchange(Self.clientFirst))
        #expect(exchange.serverFirst == Array(Self.serverFirst.utf8))
        let final = try #require(exchange.clientFinalReceived(Array(Self.clientFinal.utf8)[...]))
        let digests = try Digests()
        let keys = try SCRAMKeys(
            password: Array("pencil".utf8), salt: exchange.salt, iterations: exchange.iterations, digests)
        #expect(try keys.proof(authMessage: final.authMessage, digests) == final.proof)
        let signature = try digests.hmac(key: keys.serverKey, final.authMessage)
        #expect(Base64.encode(signature.bytes) == Array(Self.signature.utf8))
        let secret = try keys.secret(salt: exchange.salt, iterations: exchange.iterations, digests)
        #expect(try secret.keys(provenBy: final.proof, authMessage: final.authMessage, digests) == keys)
    }

    @Test func `A secret that another implementation made is the one that we make`() throws {
        let digests = try Digests()
        let keys = try SCRAMKeys(
            password: Array(Sample.password.utf8), salt: Array(0..<16), iterations: 4096, digests)
        #expect(try .scram(keys.secret(salt: Array(0..<16), iterations: 4096, digests)) == Sample.scram)
    }

    @Test(arguments: [
        ("n,,n=,r=abc", true), ("y,,n=,r=abc", true), ("n,,n=a=2Cb,r=abc,x=optional", true),
        ("p=tls-server-end-point,,n=,r=abc", false), ("p,,n=,r=abc", false), ("n,a=eve,n=,r=abc", false),
        ("n,,m=ext,n=,r=abc", false), ("n,,n=", false), ("n,,n=,r=", false), ("n,,n=,r=a b", false),
        ("n,,n=,r=a\u{7F}", false), ("n,,n=,r=\u{E9}", false), ("n,,r=abc,n=", false), ("n,,n=,r=abc,", false),
        ("n,,n=,r=abc,=", false), ("n,n=,r=abc", false), ("nn,,n=,r=abc", false), (",,n=,r=abc", false),
        ("", false), (",", false), (",,", false), ("n,,n=,r=a\0bc", false),
    ])
    func `A client's first message is taken or refused`(_ message: String, _ isTaken: Bool) throws {
        #expect(try (Self.exchange(message) != nil) == isTaken)
    }

    @Test func `Messages above the bound are refused`() throws {
        let long = String(repeating: "a", count: SCRAMText.maximumLength)
        #expect(try Self.exchange("n,,n=,r=\(long)") == nil)
        #expect(SCRAMClientExchange(nonce: [0x61]).serverFirstReceived(Array("r=\(long),s=AAAA,i=1".utf8)[...]) == nil)
    }

    @Test(arguments: [
        ("c=biws,r=NONCE,p=PROOF", true), ("c=biws,r=NONCE,x=y,p=PROOF", true), ("c=eSws,r=NONCE,p=PROOF", false),
        ("c=biws,r=NONCEx,p=PROOF", false), ("c=biws,r=rOprNGfwEbeRWgbNEkqO,p=PROOF", false),
        ("c=biws,p=PROOF", false), ("r=NONCE,c=biws,p=PROOF", false), ("c=biws,r=NONCE", false),
        ("c=biws,r=NONCE,p=AAAA", false), ("c=biws,r=NONCE,p=", false), ("c=biws,r=NONCE,p=PROOF,x=y", false),
        ("c=,r=NONCE,p=PROOF", false), ("", false),
    ])
    func `A client's last message is taken or refused`(_ message: String, _ isTaken: Bool) throws {
        let exchange = try #require(try Self.exchange(Self.clientFirst))
        let text = message.split(separator: "NONCE", omittingEmptySubsequences: false)
            .joined(separator: "rOprNGfwEbeRWgbNEkqO" + Self.serverNonce)
            .split(separator: "PROOF", omittingEmptySubsequences: false)
            .joined(separator: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        #expect((exchange.clientFinalReceived(Array(text.utf8)[...]) != nil) == isTaken)
    }

    @Test(arguments: [
        ("r=abcdef,s=AAAA,i=1", true), ("r=abcdef,s=AAAA,i=4096,x=y", true), ("r=abc,s=AAAA,i=1", false),
        ("r=abXdef,s=AAAA,i=1", false), ("r=,s=AAAA,i=1", false), ("r=abcdef,s=,i=1", false),
        ("r=abcdef,s=AAA,i=1", false), ("r=abcdef,s=AAAA,i=0", false), ("r=abcdef,s=AAAA,i=-1", false),
        ("r=abcdef,s=AAAA,i=99999999999999999999", false), ("r=abcdef,s=AAAA,i=", false),
        ("r=abcdef,s=AAAA", false), ("m=x,r=abcdef,s=AAAA,i=1", false), ("e=other-error", false), ("", false),
        ("r=abc def,s=AAAA,i=1", false),
    ])
    func `A server's first message is taken or refused`(_ message: String, _ isTaken: Bool) {
        let exchange = SCRAMClientExchange(nonce: Array("abc".utf8))
        #expect((exchange.serverFirstReceived(Array(message.utf8)[...]) != nil) == isTaken)
    }
}

@Suite struct SCRAMCacheTests {
    private static func entry(_ number: UInt8) throws -> (SHA256Value, SCRAMKeys) {
        let value = try #require(SHA256Value([UInt8](repeating: number, count: 32)))
        return (value, SCRAMKeys(clientKey: value, serverKey: value))
    }

    @Test func `It holds at most two generations, and keeps what is used`() throws {
        var cache = SCRAMCache(generationSize: 4)
        let (kept, keys) = try Self.entry(0)
        cache.insert(keys, for: kept)
        for number in 1...100 as ClosedRange<UInt8> {
            let (id, keys) = try Self.entry(number)
            cache.insert(keys, for: id)
            #expect(cache.count <= 8)
            #expect(cache.keys(for: kept) != nil)
        }
        #expect(try cache.keys(for: Self.entry(1).0) == nil)
        #expect(try cache.keys(for: Self.entry(100).0) != nil)
    }
}

@Suite struct DigestsTests {
    @Test func `Digests equal the published ones, also when contexts are used again`() throws {
        let digests = try Digests()
        for _ in 0..<3 {
            #expect(try digests.md5Hex([]) == Array("d41d8cd98f00b204e9800998ecf8427e".utf8))
            #expect(try digests.md5Hex(Array("abc".utf8)) == Array("900150983cd24fb0d6963f7d28e17f72".utf8))
            let abc = try digests.sha256(Array("abc".utf8))
            #expect(Base64.encode(abc.bytes) == Array("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".utf8))
            // RFC 4231, case 1. HMAC pads its key of 20 bytes with zeros, so this is the same key.
            let key = try #require(SHA256Value([UInt8](repeating: 0x0B, count: 20) + [UInt8](repeating: 0, count: 12)))
            let mac = try digests.hmac(key: key, Array("Hi There".utf8))
            #expect(Base64.encode(mac.bytes) == Array("sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=".utf8))
        }
    }

    @Test func `Too many iterations are refused at once`() throws {
        let digests = try Digests()
        #expect(throws: DigestError.self) {
            try digests.pbkdf2(password: [1], salt: [1], iterations: Digests.maximumIterations + 1)
        }
        #expect(throws: DigestError.self) { try digests.pbkdf2(password: [1], salt: [1], iterations: 0) }
    }

    @Test func `Values are equal when all their bytes are`() throws {
        let zero = try #require(SHA256Value([UInt8](repeating: 0, count: 32)))
        for index in 0..<32 {
            var bytes = [UInt8](repeating: 0, count: 32)
            bytes[index] = 1
            #expect(SHA256Value(bytes) != zero)
        }
        #expect(SHA256Value([UInt8](repeating: 0, count: 32)) == zero)
        #expect(SHA256Value([UInt8](repeating: 0, count: 31)) == nil)
    }
}
