import OpenSSLCrypto

extension SealedInput {
    /// The bytes in base64url, as they stand in messages and in the record.
    package var text: String { Base64URL.encode(bytes) }

    package init?(text: String) {
        guard let bytes = Base64URL.decode(text) else { return nil }
        self.init(bytes: bytes)
    }
}
