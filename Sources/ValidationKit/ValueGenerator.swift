public import ManifestKit

/// Makes values where none is given, from bytes that nobody can foresee.
///
/// ```swift
/// let generator = ValueGenerator { count in
///     var random = SystemRandomNumberGenerator()
///     return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
/// }
/// let validation = validator.validate(answers, generator: generator)
/// ```
public struct ValueGenerator: Sendable {
    private let random: @Sendable (Int) throws -> [UInt8]

    /// A generator over a source of random bytes.
    ///
    /// - Parameter random: that many bytes; what it throws, ``make(_:for:)`` throws.
    public init(random: @escaping @Sendable (Int) throws -> [UInt8]) { self.random = random }

    /// A value as the input's rule wants it.
    ///
    /// Every character of an alphabet, and every port, is equally likely.
    public func make(_ rule: GenerationRule, for input: InputField) throws -> String {
        switch rule.kind {
        case .password: try characters(rule.length, of: rule.alphabet)
        case .hex: try characters(rule.length, of: "0123456789abcdef")
        case .base64:
            try characters(
                rule.length, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        case .uuid: try uuid()
        case .port: try port(input)
        }
    }

    /// An alphabet is ASCII, so that its characters are its bytes.
    private func characters(_ count: Int, of alphabet: String) throws -> String {
        let alphabet = Array(alphabet.utf8)
        let limit = Self.limit(below: alphabet.count)
        let bytes = try random(4 * count)
        let text = try (0..<count).map { place in
            let value = Self.number(bytes[(4 * place)..<(4 * place + 4)])
            return alphabet[value < limit ? value % alphabet.count : try number(below: alphabet.count)]
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func uuid() throws -> String {
        var bytes = try random(16)
        bytes[6] = bytes[6] & 0x0F | 0x40  // version 4
        bytes[8] = bytes[8] & 0x3F | 0x80  // RFC 9562's variant
        let digits = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }

    /// A port that is neither privileged nor one of those that the kernel gives out itself, where the rules let it.
    private func port(_ input: InputField) throws -> String {
        let rules = input.rules
        let least = max(rules.privilege == .deny ? 1024 : 1, rules.minValue?.integer ?? 1)
        let most = min(65535, rules.maxValue?.integer ?? 65535)
        guard least <= most else { throw NoValue() }
        let (likedLeast, likedMost) = (max(least, 10_000), min(most, 32_767))
        let range = likedLeast <= likedMost ? likedLeast...likedMost : least...most
        return String(range.lowerBound + Int64(try number(below: range.count)))
    }

    /// An input's rules leave nothing that could be made.
    private struct NoValue: Error {}

    /// A number below `bound`, by drawing again where the last ones would be likelier.
    private func number(below bound: Int) throws -> Int {
        let limit = Self.limit(below: bound)
        while true {
            let value = Self.number(try random(4)[...])
            if value < limit { return value % bound }
        }
    }

    /// Four bytes that make this or more are drawn again.
    private static func limit(below bound: Int) -> Int { (1 << 32) / bound * bound }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
