import CLDAP
import Glibc
import PoolerConfig

/// A connection to an LDAP server: a thin cover over the library, whose calls block.
@safe
final class LDAPConnection {
    /// Why a step failed: LDAP's code, and the library's words with the server's.
    struct Failure: Error {
        let code: Int32
        let text: String

        /// Codes with which a server refuses a name or a password, rather than says that it cannot tell: of RFC 4511, section 4.1.9,
        /// constraintViolation, inappropriateAuthentication, invalidCredentials, noSuchObject, invalidDNSyntax, unwillingToPerform and
        /// insufficientAccessRights.
        var isRefusal: Bool { [19, 48, 49, 32, 34, 53, 50].contains(code) }
    }

    /// Seconds that a connect may take.
    private static let patience: Int32 = 3
    /// Seconds that each answer may take.
    private static let limit: Int32 = 10

    private var connection: UnsafeMutableRawPointer?

    /// Why LDAP cannot be used at all; nil if it can. Must be asked first.
    static var problem: String? { unsafe cldap_load().map { unsafe String(cString: $0) } }

    init(_ uris: String, usesStartTLS: Bool) throws(Failure) {
        try check("connect", unsafe cldap_open(uris, Self.patience, Self.limit, &connection))
        if usesStartTLS { try check("StartTLS", unsafe cldap_start_tls(connection)) }
    }

    deinit {
        unsafe cldap_close(connection)
    }

    /// Proves to be `name`.
    func bind(as name: String, password: [UInt8]) throws(Failure) {
        let code = unsafe password.withUnsafeBytes { password in
            unsafe cldap_bind(
                connection, name, password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count)
        }
        try check("bind", code)
    }

    /// The name of the one entry that a filter finds, or how many there are (2 stands for more).
    func find(_ filter: String, base: String, scope: LDAPOptions.Scope) throws(Failure) -> (name: String?, count: Int) {
        let scope =
            switch scope {
            case .base: cldap_base
            case .one: cldap_one
            case .subtree: cldap_subtree
            }
        var count: Int32 = 0
        var name: UnsafeMutablePointer<CChar>?
        let code = unsafe cldap_search(connection, base, Int32(scope.rawValue), filter, Self.limit, &count, &name)
        defer { unsafe free(name) }
        try check("search", code)
        return (unsafe name.map { unsafe String(cString: $0) }, Int(count))
    }

    /// The servers of the domain that a DN stands for, as `host:port`.
    static func servers(ofDomain name: String) -> [String] {
        var hosts: UnsafeMutablePointer<CChar>?
        defer { unsafe free(hosts) }
        guard unsafe cldap_find_servers(name, &hosts) == 0, let hosts = unsafe hosts else { return [] }
        return unsafe String(cString: hosts).split(separator: " ").map(String.init)
    }

    private func check(_ step: String, _ code: Int32) throws(Failure) {
        guard code != 0 else { return }
        var text = [CChar](repeating: 0, count: 300)
        unsafe cldap_describe(connection, code, &text, text.count)
        let words = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw Failure(code: code, text: "LDAP \(step): \(words)")
    }
}
