/// A network: an address and the bits of it that count.
public struct IPNetwork: Sendable, Hashable {
    /// The address in the rule.
    public var address: IPAddress
    /// The bits that count; of the same family.
    public var mask: IPAddress

    /// `address` with a mask of the same family; nil if the families differ.
    public init?(address: IPAddress, mask: IPAddress) {
        switch (address, mask) {
        case (.v4, .v4), (.v6, .v6): break
        case (.v4, .v6), (.v6, .v4): return nil
        }
        self.address = address
        self.mask = mask
    }

    /// `address/bits`; nil if there are not so many bits.
    public init?(address: IPAddress, bits: Int) {
        self.address = address
        switch address {
        case .v4:
            guard (0...32).contains(bits) else { return nil }
            mask = .v4(bits == 0 ? 0 : UInt32.max << (32 - UInt32(bits)))
        case .v6:
            guard (0...128).contains(bits) else { return nil }
            mask = .v6(bits == 0 ? 0 : UInt128.max << (128 - UInt128(bits)))
        }
    }

    /// True if `other` is in this network: bits of the address that the mask does not have count on neither side, as in
    /// Postgres.
    public func contains(_ other: IPAddress) -> Bool {
        switch (address, mask, other) {
        case (.v4(let address), .v4(let mask), .v4(let other)): (other ^ address) & mask == 0
        case (.v6(let address), .v6(let mask), .v6(let other)): (other ^ address) & mask == 0
        case (.v4, _, _), (.v6, _, _): false
        }
    }
}
