/// How an LDAP server is asked about a password: `auth_ldap_options`, or what stands behind `ldap` in an HBA rule.
public struct LDAPOptions: Sendable, Equatable {
    /// How the connection is protected.
    public enum Protection: Sendable, Equatable {
        /// Not at all.
        case none
        /// TLS from the first byte (`ldapscheme=ldaps`).
        case ldaps
        /// StartTLS (`ldaptls=1`).
        case startTLS
    }

    /// What a search is for, below its base.
    public enum Scope: Sendable, Equatable {
        /// The base alone.
        case base
        /// Its children.
        case one
        /// All below it.
        case subtree
    }

    /// How the entry of a user is found.
    public struct Search: Sendable, Equatable {
        /// `ldapbasedn`.
        public var base: String
        /// `ldapbinddn`; empty: anonymous.
        public var bindName = ""
        /// `ldapbindpasswd`.
        public var bindPassword = ""
        /// The filter, in which `$username` stands for the user.
        public var filter: String
        /// How deep it goes.
        public var scope = Scope.subtree
    }

    /// As whom the password is tried.
    public enum Mode: Sendable, Equatable {
        /// As the user between `ldapprefix` and `ldapsuffix`.
        case bind(prefix: String, suffix: String)
        /// As the one entry that a search finds.
        case search(Search)
    }

    /// The text as it was written.
    public let text: String
    /// Hosts, in the order in which they are tried; empty: SRV records of the base's domain say.
    public let servers: [String]
    /// The port of those that do not name one.
    public let port: Int
    /// How the connection is protected.
    public let protection: Protection
    /// As whom the password is tried.
    public let mode: Mode

    /// The longest text, in bytes.
    static let longest = 1024

    init(_ text: String) throws(ValueError) {
        guard text.utf8.count <= Self.longest else {
            throw ValueError(found: "\(text.utf8.count) bytes of LDAP options", expected: "at most \(Self.longest)")
        }
        var given = try LDAPOptionList(text)
        let url = try given.take("ldapurl").map { text throws(ValueError) in try LDAPURL(text) }
        self.text = text
        let scheme = given.take("ldapscheme") ?? url?.scheme ?? "ldap"
        guard scheme == "ldap" || scheme == "ldaps" else {
            throw ValueError(found: "ldapscheme \(Phrase.quoted(scheme))", expected: "ldap or ldaps")
        }
        protection = try Self.protection(isLDAPS: scheme == "ldaps", given.take("ldaptls"))
        port = try Self.port(given.take("ldapport")) ?? url?.port ?? (scheme == "ldaps" ? 636 : 389)
        let hosts = given.take("ldapserver")?.split { $0 == " " || $0 == "," }.map(String.init)
        servers = hosts ?? url?.host.map { [$0] } ?? []
        mode = try Self.mode(&given, url)
        try given.refuseRest()
        if servers.isEmpty, case .bind = mode {
            throw ValueError(found: "no LDAP server", expected: "ldapserver, or ldapbasedn to look for one by")
        }
    }

    private static func protection(isLDAPS: Bool, _ startTLS: String?) throws(ValueError) -> Protection {
        switch startTLS {
        case nil, "0": return isLDAPS ? .ldaps : .none
        case "1" where !isLDAPS: return .startTLS
        case "1": throw ValueError(found: "ldaptls=1 with ldaps", expected: "one of them")
        default: throw ValueError(found: "another ldaptls", expected: "0 or 1")
        }
    }

    private static func port(_ text: String?) throws(ValueError) -> Int? {
        guard let text else { return nil }
        return try ValueFormat<Int>.port.parse(text)
    }

    private static func mode(_ given: inout LDAPOptionList, _ url: LDAPURL?) throws(ValueError) -> Mode {
        let (prefix, suffix) = (given.take("ldapprefix"), given.take("ldapsuffix"))
        let base = given.take("ldapbasedn") ?? url?.base
        let bind = (name: given.take("ldapbinddn"), password: given.take("ldapbindpasswd"))
        let attribute = given.take("ldapsearchattribute") ?? url?.attribute
        let filter = given.take("ldapsearchfilter") ?? url?.filter
        let searches = base != nil || bind.name != nil || bind.password != nil || attribute != nil || filter != nil
        if prefix != nil || suffix != nil || !searches {
            guard !searches else {
                throw ValueError(
                    found: "ldapprefix or ldapsuffix together with a search",
                    expected: "either them, or ldapbasedn and what belongs to it")
            }
            return .bind(prefix: prefix ?? "", suffix: suffix ?? "")
        }
        guard let base else { throw ValueError(found: "a search without ldapbasedn", expected: "ldapbasedn") }
        guard attribute == nil || filter == nil else {
            throw ValueError(found: "ldapsearchattribute and ldapsearchfilter", expected: "one of them")
        }
        let name = attribute ?? "uid"
        guard !name.isEmpty, name.utf8.allSatisfy(isAttributeByte) else {
            throw ValueError(found: "an attribute with other characters", expected: "letters, digits, - ; or .")
        }
        return .search(
            Search(
                base: base, bindName: bind.name ?? "", bindPassword: bind.password ?? "",
                filter: filter ?? "(\(name)=$username)", scope: url?.scope ?? .subtree))
    }

    private static func isAttributeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: ";"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension LDAPOptions: CustomStringConvertible {
    /// Nothing of it: it may hold the password of ldapbinddn.
    public var description: String { "(hidden)" }
}

extension ValueFormat where Value == LDAPOptions? {
    /// LDAP options; an empty value is none.
    static var ldapOptions: Self {
        ValueFormat<LDAPOptions>(kind: .text) { text throws(ValueError) in
            try LDAPOptions(text)
        } print: {
            $0.text
        }.unlessEmpty
    }
}
