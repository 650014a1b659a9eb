internal import CLibSSL

/// Comparison whose duration tells nothing about the bytes.
package enum ConstantTime {
    /// Whether both hold the same bytes; only their lengths can be timed.
    package static func equal(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == second.count && CRYPTO_memcmp(first, second, first.count) == 0
    }
}
