/// The maps of an ident file: which outside names may log in as which users.
public struct IdentMaps: Sendable, Equatable {
    /// One line of a map.
    public struct Entry: Sendable, Equatable {
        /// The name outside: of the Unix account, or the CN of the certificate.
        public var systemUser: String
        /// The user that it may be; nil is any (`all`).
        public var user: String?

        /// A line of a map.
        public init(systemUser: String, user: String?) {
            self.systemUser = systemUser
            self.user = user
        }
    }

    /// The lines of each map, by its name.
    public var maps: [String: [Entry]] = [:]

    /// No map.
    public init() {}

    /// True if the map called `map` lets `systemUser` be `user`. Names are compared byte for byte.
    public func allows(systemUser: String, as user: String, by map: String) -> Bool {
        maps[map, default: []].contains { entry in
            entry.systemUser.hasSameBytes(as: systemUser)
                && (entry.user.map { $0.hasSameBytes(as: user) } ?? true)
        }
    }
}
