/// What every connected socket has, whoever is at the other end: its transport, and the bytes that are on their way.
///
/// A base class rather than a part, because a relayed message touches all of it: one object, one retain. Its fields stand in the
/// order in which they take the least room: tens of thousands of clients have them.
class Connection {
    /// Names it on its present worker.
    final var token: Token
    /// Unique in the process, never reused.
    final let id: UInt64
    final var transport: Transport
    final let connectedAt: Instant
    /// When its last bytes came.
    final var receivedAt: Instant

    /// Received and not yet processed: the head of a frame, or what a waiting client has sent.
    final var held = PendingBytes()
    /// For this peer, and not yet taken by the kernel.
    final var output = PendingBytes()
    /// Where the incoming byte stream stands.
    final var scanner = FrameScanner()
    /// Whether the socket may hold bytes that no event will announce again.
    final var hasUnreadInput = false
    /// The peer has closed its side: the end of file follows what is unread, and no event will announce it again.
    final var isPeerClosed = false
    /// Whether the socket is watched for room to write.
    final var isOutputWatched = false
    /// Whether it is still registered; an event may find it on the way out.
    final var isOpen = true

    init(token: Token, id: UInt64, transport: consuming Transport, now: Instant) {
        self.token = token
        self.id = id
        self.transport = transport
        connectedAt = now
        receivedAt = now
    }
}
