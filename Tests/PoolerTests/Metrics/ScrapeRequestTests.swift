import Testing

@testable import Pooler

@Suite("Requests to the metrics endpoint")
struct ScrapeRequestTests {
    static let requests: [(String, ScrapeRequest.Progress)] = [
        ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", .metrics(bodyWanted: true)),
        ("GET /metrics HTTP/1.0\r\n\r\n", .metrics(bodyWanted: true)),
        ("GET /metrics?name[]=a HTTP/1.1\r\n\r\n", .metrics(bodyWanted: true)),
        ("HEAD /metrics HTTP/1.1\r\n\r\n", .metrics(bodyWanted: false)),
        ("GET /metrics HTTP/1.1\n\n", .metrics(bodyWanted: true)),
        ("GET /metrics HTTP/1.1\r\nA: b\r\n\r\nmore", .metrics(bodyWanted: true)),
        ("GET / HTTP/1.1\r\n\r\n", .index(bodyWanted: true)),
        ("GET /metrics/ HTTP/1.1\r\n\r\n", .refused(.notFound, bodyWanted: true)),
        ("HEAD /other HTTP/1.1\r\n\r\n", .refused(.notFound, bodyWanted: false)),
        ("GET /../metrics HTTP/1.1\r\n\r\n", .refused(.notFound, bodyWanted: true)),
        ("POST /metrics HTTP/1.1\r\n\r\n", .refused(.methodNotAllowed, bodyWanted: true)),
        ("DELETE / HTTP/1.1\r\n\r\n", .refused(.methodNotAllowed, bodyWanted: true)),
        ("GET /metrics HTTP/2.0\r\n\r\n", .refused(.versionUnsupported, bodyWanted: true)),
        ("GET /metrics\r\n\r\n", .refused(.badRequest, bodyWanted: true)),
        ("GET  /metrics HTTP/1.1\r\n\r\n", .refused(.badRequest, bodyWanted: true)),
        ("GET metrics HTTP/1.1\r\n\r\n", .refused(.badRequest, bodyWanted: true)),
        ("GET /m\u{1}trics HTTP/1.1\r\n\r\n", .refused(.badRequest, bodyWanted: true)),
        ("GET /mëtrics HTTP/1.1\r\n\r\n", .refused(.badRequest, bodyWanted: true)),
        ("\r\n\r\n", .refused(.badRequest, bodyWanted: true)),
        ("\u{16}\u{3}\u{1}", .refused(.badRequest, bodyWanted: true)),
        ("GET /metrics HTTP/1.1\r\nHost: x\r\n", .incomplete), ("G", .incomplete), ("", .incomplete),
    ]

    @Test(arguments: requests)
    func `A request is read as a whole`(text: String, outcome: ScrapeRequest.Progress) {
        var request = ScrapeRequest()
        #expect(request.received(text.utf8) == outcome)
    }

    @Test(arguments: requests)
    func `A request is read byte by byte`(text: String, outcome: ScrapeRequest.Progress) {
        var request = ScrapeRequest()
        var last = ScrapeRequest.Progress.incomplete
        for byte in text.utf8 where last == .incomplete { last = request.received([byte]) }
        #expect(last == outcome)
    }

    @Test(arguments: [true, false])
    func `A head has its limit`(isWhole: Bool) {
        var request = ScrapeRequest()
        let text = "GET /metrics HTTP/1.1\r\nA: " + String(repeating: "a", count: ScrapeRequest.limit)
        #expect(request.received((text + (isWhole ? "\r\n\r\n" : "")).utf8) == .refused(.tooLarge, bodyWanted: true))
    }
}
