/// What a value of an input has to satisfy beyond its type.
public struct InputRules: Sendable {
    /// What the whole value has to match; nil for anything.
    public internal(set) var pattern: PatternRule?
    /// The fewest Unicode scalars.
    public internal(set) var minLength: Int?
    /// The most Unicode scalars.
    public internal(set) var maxLength: Int?
    /// The smallest number.
    public internal(set) var minValue: Int64?
    /// The largest number.
    public internal(set) var maxValue: Int64?
    /// The only values there are; nil for any.
    public internal(set) var allowedValues: [AllowedValue]?

    /// Values that are refused; empty for none.
    public internal(set) var deniedValues: [String] = []

    init() {}
}

/// A pattern as an author wrote it; it is compiled and judged elsewhere.
public struct PatternRule: Sendable {
    /// The pattern's source.
    public let source: String
    /// The author's sentence for values that do not match.
    public let message: String?
    /// Where the source is written.
    package let location: SourceLocation
    let style: ScalarStyle
}

extension PatternRule {
    /// Where the character with this offset of the source is in the file.
    ///
    /// Between double quotes and in blocks escapes and indentation lie in
    /// between; there the pattern's own place has to do.
    package func location(ofCharacter offset: Int) -> SourceLocation {
        switch style {
        case .plain: return location.advanced(by: offset)
        case .singleQuoted:
            // Inside single quotes a quote is written twice.
            let quotes = source.unicodeScalars.prefix(offset).count { $0 == "'" }
            return location.advanced(by: 1 + offset + quotes)
        case .doubleQuoted, .block: return location
        }
    }
}

/// One of the values that an input accepts.
public struct AllowedValue: Sendable, Hashable {
    /// The value as scripts see it.
    public let value: String
    /// What a person reads; the value if the manifest says nothing else.
    public let label: String
    /// More about the value.
    public let description: String?
}
