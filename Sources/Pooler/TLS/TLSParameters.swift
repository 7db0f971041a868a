import PoolerConfig

/// The settings of one side, `client_tls_*` or `server_tls_*`, in one shape.
struct TLSParameters {
    /// "client" or "server": the beginning of the settings' names.
    let side: String
    let mode: SSLMode
    let certificateFile: String
    let keyFile: String
    let authorityFile: String
    let versions: TLSProtocols
    let ciphers: String
    let suites: String?
    let curve: String
    let usesDHE: Bool

    /// What clients get.
    init(clientSideOf settings: Settings) {
        side = "client"
        mode = settings.clientTlsSslmode
        certificateFile = settings.clientTlsCertFile
        keyFile = settings.clientTlsKeyFile
        authorityFile = settings.clientTlsCaFile
        versions = settings.clientTLSVersions
        ciphers = settings.clientTlsCiphers
        suites = settings.clientTls13Ciphers
        curve = settings.clientTlsEcdhcurve
        usesDHE = settings.clientTlsDheparams == .auto
    }

    /// What servers get.
    init(serverSideOf settings: Settings) {
        side = "server"
        mode = settings.serverTlsSslmode
        certificateFile = settings.serverTlsCertFile
        keyFile = settings.serverTlsKeyFile
        authorityFile = settings.serverTlsCaFile
        versions = settings.serverTLSVersions
        ciphers = settings.serverTlsCiphers
        suites = settings.serverTls13Ciphers
        curve = "auto"
        usesDHE = true
    }

    /// Whether the peer's certificate must chain to an authority that we know.
    var verifiesPeer: Bool { mode == .verifyCA || mode == .verifyFull }

    /// PgBouncer's four words for OpenSSL's own list.
    var usesDefaultCiphers: Bool { ["", "default", "secure", "normal", "fast"].contains(ciphers) }

    /// A digest over all of it, the contents of the files included. A file that cannot be read is an error.
    func fingerprint() throws(TLSError) -> SHA256Value {
        var writer = MessageWriter()
        let texts = [
            side, mode.rawValue, certificateFile, keyFile, authorityFile, "\(versions.rawValue)", ciphers, suites ?? "",
            curve, "\(usesDHE)",
        ]
        for text in texts { writer.cString(text) }
        var contents: [[UInt8]] = []
        for (setting, path) in [("cert", certificateFile), ("key", keyFile), ("ca", authorityFile)] where !path.isEmpty
        {
            do {
                contents.append(try ConfigurationFile.read(path))
            } catch {
                throw TLSError("\(side)_tls_\(setting)_file: cannot read \(error)")
            }
        }
        do {
            let digests = try Digests()
            for content in contents { writer.raw(try digests.sha256(content).bytes) }
            return try digests.sha256(writer.bytes)
        } catch {
            throw TLSError("OpenSSL has no SHA-256")
        }
    }
}
