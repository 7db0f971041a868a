/// An entry of [peers]: another process of the same group, to which cancel requests are passed on.
public struct Peer: Sendable, Equatable {
    /// Its number, 1 to 65535.
    public var id: Int
    /// Where it listens: names, addresses, `/directory` or `@abstract` of a Unix socket; never empty.
    public var hosts: [String]
    /// Its port, 1 to 65535.
    public var port = 6432
    /// Cancel requests that may be on their way to it at once; nil is `default_pool_size`, 0 is none.
    public var poolSize: Int?

    /// A peer at `hosts`.
    public init(id: Int, hosts: [String]) {
        self.id = id
        self.hosts = hosts
    }
}
