package import OpenSSLCrypto
package import ValidationKit

/// Seals sensitive inputs for one agent, and opens them there.
///
/// AES-256-GCM; the associated data binds agent, job, application and input
/// name, so that no sealed value serves in another's place. Values are padded
/// to a multiple of 32 bytes: the length of a password stays hidden.
package struct InputSealer: Sendable {
    private static let block = 32
    private static let nonceCount = 12
    private let key: [UInt8]
    private let agent: AgentID

    package init(key: [UInt8], agent: AgentID) {
        self.key = key
        self.agent = agent
    }

    /// - Parameter nonce: 12 random bytes, never used twice.
    package func seal(
        _ secret: Secret, input: String, job: JobID, application: String, nonce: [UInt8]
    ) throws(CryptoError) -> SealedInput {
        var plain = Array(secret.reveal().utf8)
        plain.append(0x80)
        plain.append(
            contentsOf: repeatElement(0, count: (Self.block - plain.count % Self.block) % Self.block))
        let box = try AESGCM.seal(
            plain, key: key, nonce: nonce,
            associatedData: binding(input: input, job: job, application: application))
        return SealedInput(bytes: nonce + box)
    }

    package func open(
        _ sealed: SealedInput, input: String, job: JobID, application: String
    ) throws(CryptoError) -> Secret {
        let nonce = Array(sealed.bytes.prefix(Self.nonceCount))
        var plain = try AESGCM.open(
            Array(sealed.bytes.dropFirst(Self.nonceCount)), key: key, nonce: nonce,
            associatedData: binding(input: input, job: job, application: application))
        while plain.last == 0 { plain.removeLast() }
        if plain.last == 0x80 { plain.removeLast() }
        return Secret(String(decoding: plain, as: UTF8.self))
    }

    private func binding(input: String, job: JobID, application: String) -> [UInt8] {
        PreAuthenticationEncoding.encode(
            [agent.description, job.description, application, input].map { Array($0.utf8) })
    }
}
