import PoolerConfig

/// Asks an LDAP server whether a password is a user's: binds as the user, or as the entry that a search finds. Blocks its thread.
struct LDAPAuthentication: Sendable {
    let options: LDAPOptions

    /// What a search filter must not be given (RFC 4515), and what Postgres refuses beside it.
    private static let forbidden = Array("*()\\/".utf8)

    /// `user` must have no zero byte, as no C string has.
    func verify(user: String, password: [UInt8]) -> PasswordCheck.Verdict {
        // A bind with a name and no password succeeds without any proof (RFC 4513, section 5.1.2).
        guard !password.isEmpty else { return .refused(reason: "the password is empty") }
        if let problem = LDAPConnection.problem { return .unavailable(reason: "LDAP is not installed: \(problem)") }
        let uris = serverURIs()
        guard !uris.isEmpty else { return .unavailable(reason: "no LDAP server is known for ldapbasedn") }
        let name: String
        switch options.mode {
        case .bind(let prefix, let suffix):
            name = prefix + (Self.isDN(prefix, suffix) ? Self.escaped(user) : user) + suffix
        case .search(let search):
            switch find(user, search, uris) {
            case .success(let found): name = found
            case .failure(let miss): return miss.verdict
            }
        }
        do throws(LDAPConnection.Failure) {
            try connect(uris).bind(as: name, password: password)
            return .accepted
        } catch {
            return error.isRefusal ? .refused(reason: error.text) : .unavailable(reason: error.text)
        }
    }

    /// Whether prefix and suffix make a distinguished name of a user's, and not one of the others that a directory may take
    /// (`user@example.com`, `DOMAIN\\user`).
    static func isDN(_ prefix: String, _ suffix: String) -> Bool {
        prefix.utf8.contains(UInt8(ascii: "=")) || suffix.utf8.contains(UInt8(ascii: "="))
    }

    /// A user's name as a value in a distinguished name (RFC 4514, section 2.4), so that it cannot become more of it than that.
    static func escaped(_ user: String) -> String {
        let bytes = Array(user.utf8)
        var text = ""
        for (index, byte) in bytes.enumerated() {
            let isEdge = index == 0 || index == bytes.count - 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "<"),
                UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "="):
                text += "\\" + String(UnicodeScalar(byte))
            case UInt8(ascii: " ") where isEdge, UInt8(ascii: "#") where index == 0:
                text += "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7e:
                text.unicodeScalars.append(UnicodeScalar(byte))
            default:
                text += "\\" + hexadecimal(byte)
            }
        }
        return text
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// A search that found nobody to bind as.
    private struct Miss: Error {
        let verdict: PasswordCheck.Verdict
    }

    private func find(_ user: String, _ search: LDAPOptions.Search, _ uris: String) -> Result<String, Miss> {
        guard !user.utf8.contains(where: Self.forbidden.contains) else {
            return .failure(Miss(verdict: .refused(reason: "the name has one of * ( ) \\ /, which no search takes")))
        }
        do throws(LDAPConnection.Failure) {
            let connection = try connect(uris)
            try connection.bind(as: search.bindName, password: Array(search.bindPassword.utf8))
            let (name, count) = try connection.find(
                search.filter.replacing("$username", with: user), base: search.base, scope: search.scope)
            if let name { return .success(name) }
            let reason = count == 0 ? "LDAP knows no such user" : "LDAP knows several such users"
            return .failure(Miss(verdict: .refused(reason: reason)))
        } catch {
            return .failure(Miss(verdict: .unavailable(reason: "for the search: \(error.text)")))
        }
    }

    private func connect(_ uris: String) throws(LDAPConnection.Failure) -> LDAPConnection {
        try LDAPConnection(uris, usesStartTLS: options.protection == .startTLS)
    }

    /// All servers, as the library takes them.
    private func serverURIs() -> String {
        let scheme = options.protection == .ldaps ? "ldaps" : "ldap"
        var servers = options.servers
        if servers.isEmpty, case .search(let search) = options.mode {
            servers = LDAPConnection.servers(ofDomain: search.base)
        }
        return servers.map { "\(scheme)://\(address($0))" }.joined(separator: " ")
    }

    /// With the port, unless it has one; an IPv6 address gets its brackets.
    private func address(_ host: String) -> String {
        let colons = host.utf8.count { $0 == UInt8(ascii: ":") }
        if colons == 0 { return "\(host):\(options.port)" }
        if host.hasSuffix("]") { return "\(host):\(options.port)" }
        if colons > 1, !host.hasPrefix("[") { return "[\(host)]:\(options.port)" }
        return host
    }
}
