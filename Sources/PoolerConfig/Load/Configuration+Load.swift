extension Configuration {
    /// Reads the file at `path` and all that it names: included files, auth_file, HBA rules, ident maps.
    ///
    /// `readFile` gives the bytes of a file, whose path is as written: relative to the working directory. The whole
    /// configuration is read, or the first error thrown; an auth_file, HBA or ident file that cannot be read, or a bad
    /// line in one, is a warning, after which fewer people can log in. A bad line that rejects somebody is an error.
    public static func load(
        path: String, readFile: (String) throws(FileError) -> [UInt8]
    ) throws(ConfigurationError) -> Configuration {
        var loader = ConfigurationLoader(path: path)
        try loader.read(path, includedAt: nil, depth: 0, readFile: readFile)
        try loader.finish(path)
        var configuration = loader.configuration
        configuration.readSecrets(readFile)
        configuration.readLoginRules(readFile)
        if let first = configuration.brokenRules.first { throw first }
        try configuration.checkMethods(path)
        return configuration
    }

    /// Reads what `auth_type` needs, where it is set: after SET has changed `auth_type` or the name of a file.
    public mutating func readLoginRules(_ readFile: (String) throws(FileError) -> [UInt8]) {
        tokenKeys = settings.authJwtKeys.flatMap { read("auth_jwt_keys", $0, readFile) }
        hbaRules = HBARules()
        identMaps = IdentMaps()
        brokenRules = []
        guard settings.authType == .hba else { return }
        if let path = settings.authIdentFile, let bytes = read("auth_ident_file", path, readFile) {
            let file = IdentFile(bytes, path: path)
            identMaps = file.maps
            warnings += file.warnings
        }
        if let bytes = read("auth_hba_file", settings.authHbaFile, readFile) {
            let file = HBAFile(bytes, path: settings.authHbaFile, maps: identMaps, readFile: readFile)
            hbaRules = file.rules
            brokenRules = file.errors
            warnings += file.warnings
        }
    }

    /// Whether the methods in use have what they need; also what is unwise about them.
    private mutating func checkMethods(_ path: String) throws(ConfigurationError) {
        func isUsed(_ type: AuthType, _ method: HBARule.Method) -> Bool {
            settings.authType == type || hbaRules.rules.contains { $0.method == method }
        }
        if settings.authType == .ldap, settings.authLdapOptions == nil {
            throw missing("auth_ldap_options", for: "ldap", path)
        }
        if settings.authType == .jwt, settings.authJwtKeys == nil { throw missing("auth_jwt_keys", for: "jwt", path) }
        for rule in hbaRules.rules {
            let missing: String? =
                switch rule.method {
                case .ldap where rule.ldapOptions == nil && settings.authLdapOptions == nil: "auth_ldap_options"
                case .jwt where settings.authJwtKeys == nil: "auth_jwt_keys"
                default: nil
                }
            guard let missing else { continue }
            let text = "\(rule.method.rawValue) without \(missing): the rule lets nobody in"
            warnings.append(Diagnostic(location: rule.location, text: text))
        }
        guard isUsed(.jwt, .jwt) else { return }
        let location = settingLocations["auth_type"]
        if settings.authJwtAudience.isEmpty {
            warnings.append(
                Diagnostic(
                    location: location,
                    text: "auth_jwt_audience is not set: tokens that were made for other services let their users in"))
        }
        if settings.clientTlsSslmode == .disable {
            warnings.append(
                Diagnostic(
                    location: location,
                    text: "jwt needs TLS, and client_tls_sslmode is disable: it lets nobody in"))
        }
    }

    private func missing(_ key: String, for method: String, _ path: String) -> ConfigurationError {
        let location = settingLocations["auth_type"]
        return ConfigurationError(
            file: location?.file ?? path, line: location?.line, key: "auth_type", found: "\(method) without \(key)",
            expected: key)
    }

    private mutating func readSecrets(_ readFile: (String) throws(FileError) -> [UInt8]) {
        guard let path = settings.authFile else { return }
        guard let bytes = read("auth_file", path, readFile) else { return }
        let file = AuthFile(bytes, path: path)
        secrets = file.secrets
        warnings += file.warnings
    }

    /// The bytes of a file that a setting names; nil, and a warning, if it cannot be read.
    private mutating func read(
        _ key: String, _ path: String, _ readFile: (String) throws(FileError) -> [UInt8]
    ) -> [UInt8]? {
        do {
            return try readFile(path)
        } catch {
            let location = settingLocations[key]
            let kind = Self.fileKinds[key] ?? key
            warnings.append(Diagnostic(location: location, text: "could not open \(kind) \(error)"))
            unreadableFiles.append(
                ConfigurationError(
                    file: location?.file ?? settings.conffile ?? path, line: location?.line, key: key,
                    found: "a file that cannot be read (\(error))", expected: "a readable file",
                    pgbouncerLines: ["could not open \(kind) \(error)"]))
            return nil
        }
    }

    /// What PgBouncer's log calls the files that settings name.
    private static let fileKinds = [
        "auth_hba_file": "hba config file", "auth_ident_file": "ident config file",
    ]
}
