/// What one worker thread holds at one moment.
struct WorkerReport: Sendable {
    /// Counts from 0.
    var worker: Int
    /// All connections, those still logging in as well.
    var sockets: [SocketReport] = []
    /// Plain sockets by number.
    var descriptors: [DescriptorReport] = []
    /// The worker's parts of the pools.
    var pools: [PoolReport] = []
    /// Clients that are kept on their server.
    var pins: [PinReport] = []
    var peerPools: [PeerPoolReport] = []
    var memory: [MemoryReport] = []
    /// Slots for clients that are allocated and unused.
    var freeClients = 0
    /// Slots for servers that are allocated and unused.
    var freeServers = 0
}
