package import ManifestKit
import OpenSSLCrypto

extension Installer {
    /// SHA-256 over the application's manifest and files (path, mode, bytes), 64 hexadecimal digits.
    ///
    /// The panel names it in every order; the agent compares it with its own before it starts anything.
    package func contentDigest() throws(FileError) -> String {
        Hex.encode(SHA256.digest(try contentDigestInput()))
    }
}
