import COpenSSL

/// What is read out of certificates.
enum PeerCertificate {
    /// The hash of a certificate that SCRAM binds to a channel with (tls-server-end-point, RFC 5929, section 4.1): by the
    /// digest of its signature, SHA-256 in the place of MD5 and SHA-1. Nil where the signature has none (Ed25519).
    static func endpointHash(of certificate: OpaquePointer) -> [UInt8]? {
        defer { ERR_clear_error() }
        var digest: Int32 = NID_undef
        guard unsafe X509_get_signature_info(certificate, &digest, nil, nil, nil) == 1, digest != NID_undef else {
            return nil
        }
        if digest == NID_md5 || digest == NID_sha1 { digest = NID_sha256 }
        guard let name = unsafe OBJ_nid2sn(digest), let algorithm = unsafe EVP_get_digestbyname(name) else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard unsafe X509_digest(certificate, algorithm, &bytes, &length) == 1 else { return nil }
        return Array(bytes.prefix(Int(length)))
    }

    /// The common name of a certificate's subject, as bytes: the last one where there are several, as Postgres takes it.
    /// Nil where there is none, or a zero byte inside that would let one name pass for another.
    static func commonName(of certificate: OpaquePointer) -> [UInt8]? {
        defer { ERR_clear_error() }
        guard let subject = unsafe X509_get_subject_name(certificate) else { return nil }
        var index: Int32 = -1
        while true {
            let next = unsafe X509_NAME_get_index_by_NID(subject, NID_commonName, index)
            if next < 0 { break }
            index = next
        }
        guard index >= 0, let entry = unsafe X509_NAME_get_entry(subject, index),
            let data = unsafe X509_NAME_ENTRY_get_data(entry)
        else { return nil }
        var text: UnsafeMutablePointer<UInt8>?
        let length = unsafe ASN1_STRING_to_UTF8(&text, data)
        guard length >= 0, let text = unsafe text else { return nil }
        defer { unsafe CRYPTO_free(text, nil, 0) }
        let bytes = unsafe Array(UnsafeBufferPointer(start: text, count: Int(length)))
        return bytes.contains(0) ? nil : bytes
    }
}
