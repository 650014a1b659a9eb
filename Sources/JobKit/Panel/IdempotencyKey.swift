import OpenSSLCrypto

/// A client's key for one request, and the request as it came: the same key with the same request is the same job.
///
/// What was sent tells, not what the panel makes of it: manifests, kept secrets and the job's state may have changed
/// when a client that heard nothing asks again.
public struct IdempotencyKey: Sendable {
    let text: String
    /// May hold secrets: only its keyed digest is kept, which nobody can try passwords on.
    private let request: [UInt8]

    /// A key and what it stands for.
    ///
    /// - Parameters:
    ///   - text: the key, as the client made it.
    ///   - request: the parts of the request that tell it from others, such as its path and its body.
    public init(_ text: String, of request: [[UInt8]]) {
        self.text = text
        self.request = PreAuthenticationEncoding.encode(request)
    }

    func digest(under keys: PanelKeys) -> String {
        Hex.encode(HMACSHA256.tag(for: request, key: keys.requests))
    }
}
