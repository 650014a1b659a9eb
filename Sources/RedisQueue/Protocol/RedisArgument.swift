/// One word of a command: any bytes, also text and numbers.
package struct RedisArgument: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// The word as it is sent.
    package let bytes: [UInt8]

    /// The word as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// A word of any bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A word of text.
    package init(_ text: some StringProtocol) { self.bytes = Array(text.utf8) }

    /// A number in its decimal spelling.
    package init(_ number: some BinaryInteger) { self.init(String(number)) }

    /// A word of text.
    package init(stringLiteral text: String) { self.init(text) }

    /// A number in its decimal spelling.
    package init(integerLiteral number: Int) { self.init(number) }
}
