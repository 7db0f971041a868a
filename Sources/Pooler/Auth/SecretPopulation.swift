/// What kinds of secrets the users have, and how many have each: whoever does not exist is answered as one of them would be, by
/// chance and yet always the same, so that the way of asking tells nobody who exists.
struct SecretPopulation: Sendable, Equatable {
    /// What of a secret can be told from outside.
    enum Kind: Hashable, Sendable {
        case plain
        case md5
        case scram(iterations: Int, saltLength: Int)

        /// Nil for none.
        init?(_ secret: Secret) {
            switch secret {
            case .none: return nil
            case .plain: self = .plain
            case .md5: self = .md5
            case .scram(let stored): self = .scram(iterations: stored.iterations, saltLength: stored.salt.count)
            }
        }

        /// Names it among the others.
        var label: String {
            switch self {
            case .plain: "plain"
            case .md5: "md5"
            case .scram(let iterations, let saltLength): "scram:\(iterations):\(saltLength)"
            }
        }
    }

    struct Share: Sendable, Equatable {
        let kind: Kind
        /// Of `parts`, at least 1.
        let weight: Int
    }

    /// Of how many parts a whole is made.
    static let parts = 16
    /// More kinds than these are too rare to stand for anybody.
    private static let kindLimit = 8
    /// What Postgres makes of a password where nobody said otherwise.
    private static let postgresDefault = Kind.scram(iterations: 4096, saltLength: 16)

    /// The most common first; never empty.
    let shares: [Share]

    /// Of users who are all like this.
    init(_ kind: Kind) {
        self.init(shares: [Share(kind: kind, weight: Self.parts)])
    }

    /// Of these secrets. Where users are looked up on servers, as many again are taken to have what Postgres makes by itself.
    init(_ secrets: some Sequence<Secret>, looksUpOthers: Bool) {
        var counts: [Kind: Int] = [:]
        for secret in secrets {
            if let kind = Kind(secret) { counts[kind, default: 0] += 1 }
        }
        if looksUpOthers { counts[Self.postgresDefault, default: 0] += max(1, counts.values.reduce(0, +)) }
        let common = counts.sorted { ($1.value, $0.key.label) < ($0.value, $1.key.label) }.prefix(Self.kindLimit)
        let total = common.reduce(0) { $0 + $1.value }
        guard total > 0 else {
            self.init(.plain)
            return
        }
        self.init(
            shares: common.map { kind, count in
                Share(kind: kind, weight: max(1, (count * Self.parts + total / 2) / total))
            })
    }

    private init(shares: [Share]) {
        self.shares = shares
    }

    /// Whose turn it is, from 16 random numbers for each kind: a share wins with a chance as large as its weight, and as few
    /// names as can be change theirs when the shares do.
    func kind(_ numbers: (Kind) throws(DigestError) -> [UInt16]) throws(DigestError) -> Kind {
        guard shares.count > 1 else { return shares[0].kind }
        var best = (kind: shares[0].kind, number: -1)
        for share in shares {
            let number = Int(try numbers(share.kind).prefix(share.weight).max() ?? 0)
            if number > best.number { best = (share.kind, number) }
        }
        return best.kind
    }
}
