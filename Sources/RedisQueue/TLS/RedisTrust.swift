/// The files by which both ends of an encrypted connection know each other.
///
/// All are PEM, and are read anew for every connection: one that was renewed
/// counts from the next connection on. Whatever they say, the server's
/// certificate and its host are always checked.
package struct RedisTrust: Hashable, Sendable {
    /// Certificates to trust instead of the system's; nil for the system's.
    package var authorityFile: String?
    /// Our own certificate, and those between it and its authority.
    package var certificateFile: String?
    /// The key of our own certificate, without a passphrase.
    package var keyFile: String?

    /// The setting that names each file, for errors.
    enum Setting: String {
        case authority = "REDIS_CA_FILE"
        case certificate = "REDIS_CERT_FILE"
        case key = "REDIS_KEY_FILE"
    }

    /// Without files: the system's authorities, and no certificate of our own.
    package init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    /// Whether a certificate of our own is shown.
    package var hasCertificate: Bool { certificateFile != nil }

    /// Whether any file is named.
    package var isEmpty: Bool { self == RedisTrust() }

    /// Reads the files once, to tell early what a connection would fail for.
    package func check() throws(RedisError) { _ = try TLSContext(self) }
}
