import Glibc

/// A connection to the metrics endpoint: one request, one answer, and bounds on everything.
final class ScrapeConnection {
    /// Where it stands. Successors: reading → waiting | writing; waiting → writing; writing → draining.
    enum Phase {
        case reading(ScrapeRequest)
        /// The metrics are being gathered.
        case waiting(bodyWanted: Bool)
        case writing(ScrapeResponse, sent: Int)
        /// All is said; what the peer still sends is read away, since closing before that could take the answer back.
        case draining
    }

    /// For a whole request.
    private static let requestTime: Duration = .seconds(5)
    /// For the metrics, and for taking the answer.
    private static let responseTime: Duration = .seconds(10)
    private static let drainTime: Duration = .seconds(1)

    let descriptor: FileDescriptor
    private(set) var phase = Phase.reading(ScrapeRequest())
    private(set) var deadline: Instant
    private(set) var isOpen = true

    init(_ descriptor: consuming FileDescriptor, now: Instant) {
        self.descriptor = descriptor
        deadline = now + Self.requestTime
    }

    /// What poll(2) is to look for.
    var events: Int16 {
        switch phase {
        case .reading, .draining: Int16(POLLIN)
        case .waiting: 0
        case .writing: Int16(POLLOUT)
        }
    }

    /// It can be read or written, or has failed.
    func ready(now: Instant) {
        switch phase {
        case .reading(var request):
            guard let bytes = receive() else { return }
            let progress = request.received(bytes)
            phase = .reading(request)
            advance(progress, now)
        case .waiting:
            // Nothing is asked for in this phase, so it is an error or a hang-up.
            isOpen = false
        case .writing:
            write(now)
        case .draining:
            _ = receive()
        }
    }

    /// The metrics have been gathered.
    func gathered(_ text: [UInt8], now: Instant) {
        guard case .waiting(let bodyWanted) = phase else { return }
        respond(ScrapeResponse(metrics: text, bodyWanted: bodyWanted), now)
    }

    /// Its time is over.
    func expired(now: Instant) {
        if case .waiting(let bodyWanted) = phase {
            respond(ScrapeResponse(.unavailable, bodyWanted: bodyWanted), now)
        } else {
            isOpen = false
        }
    }

    private func advance(_ progress: ScrapeRequest.Progress, _ now: Instant) {
        switch progress {
        case .incomplete: break
        case .metrics(let bodyWanted):
            phase = .waiting(bodyWanted: bodyWanted)
            deadline = now + Self.responseTime
        case .index(let bodyWanted): respond(.index(bodyWanted: bodyWanted), now)
        case .refused(let status, let bodyWanted): respond(ScrapeResponse(status, bodyWanted: bodyWanted), now)
        }
    }

    private func respond(_ response: ScrapeResponse, _ now: Instant) {
        phase = .writing(response, sent: 0)
        deadline = now + Self.responseTime
        write(now)
    }

    private func write(_ now: Instant) {
        guard case .writing(let response, var sent) = phase else { return }
        let (head, body) = (response.head, response.body)
        while sent < head.count + body.count {
            let (piece, start) = sent < head.count ? (head, sent) : (body, sent - head.count)
            switch unsafe Syscalls.send(descriptor.number, piece.span.bytes.slice(start..<piece.count)) {
            case .bytes(let count): sent += count
            case .wouldBlock:
                phase = .writing(response, sent: sent)
                return
            case .endOfFile, .failed:
                isOpen = false
                return
            }
        }
        phase = .draining
        deadline = now + Self.drainTime
        shutdown(descriptor.number, Int32(SHUT_WR))
    }

    /// Up to so many bytes; nil when nothing is there, or it is over.
    private func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        switch unsafe bytes.withUnsafeMutableBytes({ unsafe Syscalls.receive(descriptor.number, into: $0) }) {
        case .bytes(let count): return Array(bytes.prefix(count))
        case .wouldBlock: return nil
        case .endOfFile, .failed:
            isOpen = false
            return nil
        }
    }
}
