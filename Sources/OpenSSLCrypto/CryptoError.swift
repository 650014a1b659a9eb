/// Why a cryptographic operation did not happen.
///
/// The message never holds a key, a plaintext or a tag.
package struct CryptoError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for code that decides on it.
    package enum Code: String, Sendable, CaseIterable {
        /// A key, nonce or sealed box has a length the algorithm does not take.
        case lengthInvalid
        /// The bytes were altered, or sealed with another key or context.
        case authenticationFailed
        /// The system gave no random bytes.
        case randomnessUnavailable
        /// OpenSSL refused an operation that it should have done.
        case libraryFailed
    }

    /// What went wrong.
    package let code: Code
    /// One sentence for people.
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the sentence.
    package var description: String { "\(code.rawValue): \(message)" }
}
