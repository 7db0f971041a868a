import Glibc
import Logging

/// What a process that is started with -R gets from the one that runs. Until `complete` the other one may still keep everything.
///
/// It may wait: until then the workers do nothing.
final class Takeover {
    /// How long the running process gets for each step; it has its own limit, suspend_timeout.
    private static let patience: Duration = .seconds(30)
    /// More than any offer has.
    private static let byteLimit = 1 << 30
    private static let descriptorLimit = 1 << 20

    let channel: TakeoverChannel
    private let predecessor: Predecessor
    /// Hears of signals until everything is ours.
    let stop = StopRequest()
    let offer: TakeoverOffer
    let sockets: TakeoverSockets
    /// Processes that the other one has taken over from and that have clients left.
    let earlier: [TakeoverChannel]

    private init(_ channel: TakeoverChannel) throws(TakeoverError) {
        let deadline = Instant.now() + Self.patience
        let head = try TakeoverHead(decoding: try channel.expect(.offer, until: deadline))
        guard head.version == TakeoverOffer.version else { throw .version(head.version) }
        guard head.byteCount <= UInt64(Self.byteLimit), head.descriptorCount <= UInt32(Self.descriptorLimit) else {
            throw .malformed("\(head.byteCount) bytes and \(head.descriptorCount) descriptors")
        }
        let (bytes, descriptors) = try channel.receive(Int(head.byteCount), until: deadline)
        sockets = TakeoverSockets(descriptors)
        self.channel = channel
        predecessor = Predecessor(pid_t(clamping: head.process))
        guard descriptors.count == Int(head.descriptorCount) else { throw .descriptorsMissing }
        offer = try TakeoverOffer(decoding: bytes)
        var earlier: [TakeoverChannel] = []
        for index in offer.predecessors {
            earlier.append(TakeoverChannel(FileDescriptor(try sockets.claimNumber(index))))
        }
        self.earlier = earlier
    }

    /// Asks the process at a Unix socket for everything; nil when there is none.
    static func begin(at path: String?, _ log: Logger) throws(TakeoverError) -> Takeover? {
        guard let path, let address = SocketAddress(unixPath: path) else { throw .noUnixSocket }
        let deadline = Instant.now() + patience
        guard let channel = try connect(to: address, until: deadline) else {
            log.info("old process not found, try to continue normally: nobody listens on unix:\(path)")
            return nil
        }
        // Anybody can listen on a path that is free, and hand over clients that never logged in.
        guard Syscalls.peerCredentials(channel.descriptor.number)?.user == Syscalls.account else {
            throw .otherAccount
        }
        try logIn(channel, until: deadline)
        log.info("taking over from the process at unix:\(path)")
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { $0.cString("TAKEOVER \(TakeoverOffer.version)") }
        try channel.send(writer.bytes, until: deadline)
        return try Takeover(channel)
    }

    private static func connect(
        to address: SocketAddress, until deadline: Instant
    ) throws(TakeoverError) -> TakeoverChannel? {
        while true {
            do throws(Errno) {
                let descriptor = try Syscalls.streamSocket(family: AF_UNIX)
                _ = try Syscalls.connect(descriptor.number, to: address)
                return TakeoverChannel(descriptor)
            } catch {
                switch error.code {
                case ENOENT, ECONNREFUSED: return nil
                case EAGAIN where .now() < deadline: usleep(10_000)
                default: throw .socket(error)
                }
            }
        }
    }

    /// Logs in to the console, which asks no password of its own account on the Unix socket.
    private static func logIn(_ channel: TakeoverChannel, until deadline: Instant) throws(TakeoverError) {
        var writer = MessageWriter()
        writer.untypedMessage { body in
            body.uint32(3 << 16)
            for text in ["user", ConsoleGreeting.database, "database", ConsoleGreeting.database] { body.cString(text) }
            body.uint8(0)
        }
        try channel.send(writer.bytes, until: deadline)
        while true {
            let (type, body) = try channel.receiveFrame(until: deadline)
            switch BackendMessageType(rawValue: type) {
            case .readyForQuery: return
            case .errorResponse: throw .refused(unsafe ServerMessageFields(body: body.span.bytes).message)
            case .authentication where body != [0, 0, 0, 0]:
                throw .otherAccount
            default: continue
            }
        }
    }

    /// The listening sockets of the other process.
    func listeners() throws(TakeoverError) -> (main: [Listener], metrics: [Listener]) {
        var (main, metrics): ([Listener], [Listener]) = ([], [])
        for record in offer.listeners {
            let number = try sockets.claimNumber(record.descriptor)
            guard let listener = Listener.inherited(number, path: record.path, isForeign: false) else {
                _ = FileDescriptor(number)
                throw .malformed("descriptor \(record.descriptor) does not listen")
            }
            if record.isForMetrics { metrics.append(listener) } else { main.append(listener) }
        }
        return (main, metrics)
    }

    /// Everything has been rebuilt and is ready to run: from here on it is ours alone.
    func complete(_ log: Logger) throws(TakeoverError) {
        let deadline = Instant.now() + Self.patience
        do throws(TakeoverError) {
            // It may have given up meanwhile, and then its word for it is still to be read.
            try? channel.send(.ready, try UInt32(getpid()).encoded(), until: deadline)
            _ = try channel.expect(.go, until: deadline)
            try stop.close()
            // The other process lets go when it reads this, so between this and the first thing that we do with what we have
            // there is nothing that could fail.
            try channel.send(.taken, until: deadline)
        } catch .closed {
            if let words = try? channel.expect(.abort, until: .now()) {
                throw .refused(String(decoding: words, as: UTF8.self))
            }
            // Two processes that read the same clients would be worse than none.
            guard predecessor.isGone() else { throw .goesOn }
            log.warning("the process that was taken over ended before it let go")
        }
    }

    /// It cannot be done: the other process is told why.
    func abandon(_ reason: String) {
        try? channel.send(.abort, Array(reason.utf8.prefix(1000)), until: .now() + .seconds(1))
    }
}

/// The process that has taken over.
extension Control {
    func tookOver(_ takeover: Takeover) {
        let clients = takeover.offer.workers.reduce(0) { $0 + $1.clients.count }
        log.info("took over \(clients) clients")
        for channel in [takeover.channel] + takeover.earlier { follow(channel) }
    }

    /// Passes on to a process before us what may be for its clients, until it ends.
    private func follow(_ channel: TakeoverChannel) {
        predecessors.append(
            TakeoverLink(channel) { _ in
            } ended: {
                self.predecessors.removeAll { $0.channel === channel }
                self.log.info("a process that was taken over has ended")
                if self.predecessors.isEmpty { self.tellWorkers { $0.hasPredecessor = false } }
            })
    }
}
