import Testing

@testable import Pooler

@Suite struct DNSAnswerTests {
    /// The answer for a.b with an address of each kind and a CNAME.
    private static let message: [UInt8] =
        [0, 1, 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0, 1, 0x61, 1, 0x62, 0, 0, 1, 0, 1]
        + [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, 0x63, 0xC0, 14]
        + [1, 0x63, 0xC0, 14, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 7]
        + [0xC0, 12, 0, 28, 0, 1, 0, 0, 0, 9, 0, 16, 0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

    @Test func `Addresses of both kinds are found behind names of every form`() {
        #expect(DNSAnswer(Self.message).addresses == ["10.0.0.7", "2001:db8:0:0:0:0:0:1"])
    }

    @Test func `The serial of a zone is found`() {
        let record: [UInt8] = [0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 9, 0, 24, 0, 1, 0x78, 0] + [1, 2, 3, 4]
        let answer = DNSAnswer(
            [0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0x61, 0, 0, 6, 0, 1] + record
                + [UInt8](repeating: 0, count: 16))
        #expect(answer.serial == 0x0102_0304)
    }

    @Test func `A message that ends too early, or counts wrongly, has what came before`() {
        for count in 0..<Self.message.count {
            let answer = DNSAnswer(Self.message.prefix(count))
            #expect(answer.addresses.count <= 1 && answer.serial == nil)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var message = Self.message
            for _ in 0..<3 { message[Int.random(in: 0..<message.count, using: &generator)] = .random(in: 0...255) }
            #expect(DNSAnswer(message).addresses.count <= 3)
        }
    }

    @Test func `A resolv.conf has servers, with or without a port, a search list and options`() {
        let conf = ResolvConf(
            """
            # comment
            search a.test b.test ; more
            nameserver 10.0.0.1
            nameserver 127.0.0.1:5353
            nameserver [::1]:54
            nameserver 10.0.0.9
            options ndots:2 timeout:3 attempts:99 rotate
            sortlist x
            """)
        #expect(
            conf.servers == [
                .init(host: "10.0.0.1", port: 53), .init(host: "127.0.0.1", port: 5353), .init(host: "::1", port: 54),
            ])
        #expect(conf.timeout == 3 && conf.attempts == 5)
        #expect(conf.candidates(for: "x.y") == ["x.y.a.test", "x.y.b.test", "x.y"])
        #expect(conf.candidates(for: "x.y.z") == ["x.y.z", "x.y.z.a.test", "x.y.z.b.test"])
        #expect(conf.candidates(for: "x.") == ["x"])
        #expect(ResolvConf("nameserver fe80::1").servers == [.init(host: "fe80::1", port: 53)])
        #expect(ResolvConf("").servers == [.init(host: "127.0.0.1", port: 53)])
    }

    @Test func `The hosts file names addresses, in any case`() {
        let hosts = HostsFile(text: "127.0.0.1 localhost Me # you\n::1\tlocalhost\n# 1.2.3.4 me\n")
        #expect(hosts.addresses(of: "LOCALHOST") == ["127.0.0.1", "::1"])
        #expect(hosts.addresses(of: "me") == ["127.0.0.1"] && hosts.addresses(of: "you").isEmpty)
    }

    @Test(arguments: [("a.b.c", "b.c"), ("a.b", "b"), ("a", nil), ("a.", nil)] as [(String, String?)])
    func `A zone is what stands behind the first dot`(host: String, zone: String?) {
        #expect(HostResolver.zone(of: host) == zone)
    }
}
