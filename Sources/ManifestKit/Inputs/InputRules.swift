/// What a value of an input has to satisfy beyond its type.
public struct InputRules: Sendable {
    /// What becomes of ports that only root may listen on.
    public enum Privilege: String, Sendable, CaseIterable {
        /// They are values like others.
        case allow
        /// They are taken, and told of.
        case warn
        /// They are refused.
        case deny
    }

    /// Which characters a text may hold.
    public enum Charset: String, Sendable, CaseIterable {
        /// Those of ASCII.
        case ascii
        /// All, in Unicode's composed form (NFC).
        case unicode
    }

    /// What the whole value has to match; nil for anything.
    public internal(set) var pattern: PatternRule?
    /// The fewest Unicode scalars.
    public internal(set) var minLength: Int?
    /// The most Unicode scalars.
    public internal(set) var maxLength: Int?
    /// The smallest number; seconds of a duration, bytes of a size.
    public internal(set) var minValue: DecimalNumber?
    /// The largest number; seconds of a duration, bytes of a size.
    public internal(set) var maxValue: DecimalNumber?
    /// The step between numbers; nil for any.
    public internal(set) var step: DecimalNumber?
    /// The only values there are; nil for any.
    public internal(set) var allowedValues: [AllowedValue]? {
        didSet { allowedTexts = ExactTexts(allowedValues?.map(\.value) ?? []) }
    }
    /// Values that are refused; empty for none.
    public internal(set) var deniedValues: [String] = [] {
        didSet { deniedTexts = ExactTexts(deniedValues) }
    }
    /// The fewest items of a list.
    public internal(set) var minItems: Int?
    /// The most items of a list.
    public internal(set) var maxItems: Int?
    /// Whether no item of a list may come twice.
    public internal(set) var hasUniqueItems = false
    /// The schemes of an address, in small letters; nil for those of the web.
    public internal(set) var schemes: [String]?
    /// What becomes of ports below 1024.
    public internal(set) var privilege = Privilege.allow
    /// The folders that a path has to be in; nil for any.
    public internal(set) var folders: [String]?
    /// Whether a person is asked twice, to be sure of a password.
    public internal(set) var isConfirmed = false
    /// Which characters a text may hold.
    public internal(set) var charset = Charset.ascii

    /// The same values, to look one up.
    private(set) var allowedTexts = ExactTexts([])
    private var deniedTexts = ExactTexts([])

    init() {}
}

extension InputRules {
    func check(text: String, _ type: InputType) throws(ValueProblem) {
        if type.takesCharset { try check(characters: text) }
        if type == .url, !(schemes ?? URLValue.schemes).contains(URLValue.scheme(of: text)) {
            let known = MappingReader.alternatives((schemes ?? URLValue.schemes).map { $0 + "://" })
            throw ValueProblem(.scheme, "does not begin with \(known)")
        }
        if let folders, !folders.contains(where: { PathValue.isInside(text, of: $0) }) {
            throw ValueProblem(.under, "does not lie in \(MappingReader.alternatives(folders))")
        }
        guard minLength != nil || maxLength != nil else { return }
        let count = text.unicodeScalars.count
        if let minLength, count < minLength {
            throw ValueProblem(.minLength, "is shorter than \(Self.amount(minLength, "character"))")
        }
        if let maxLength, count > maxLength {
            throw ValueProblem(.maxLength, "is longer than \(Self.amount(maxLength, "character"))")
        }
    }

    private func check(characters text: String) throws(ValueProblem) {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return }
        switch charset {
        case .ascii:
            let character = text.unicodeScalars.first { !$0.isASCII }.map(Characters.name) ?? "U+FFFD"
            throw ValueProblem(.charset, "holds the character \(character), which is not ASCII")
        case .unicode:
            guard text.isComposed else {
                throw ValueProblem(.charset, "is not in Unicode's composed form (NFC)")
            }
        }
    }

    func check(number text: String, _ type: InputType) throws(ValueProblem) {
        guard minValue != nil || maxValue != nil || step != nil || privilege == .deny,
            let number = DecimalNumber(text)
        else { return }
        if let minValue, number < minValue {
            throw ValueProblem(.minValue, "is less than \(type.spelling(of: minValue.description))")
        }
        if let maxValue, number > maxValue {
            throw ValueProblem(.maxValue, "is more than \(type.spelling(of: maxValue.description))")
        }
        if let step, !number.isMultiple(of: step) {
            throw ValueProblem(.multipleOf, "is not a multiple of \(type.spelling(of: step.description))")
        }
        if privilege == .deny, number < DecimalNumber(1024) {
            throw ValueProblem(.privileged, "is a port below 1024, which is not to be used here")
        }
    }

    func check(listed text: String) throws(ValueProblem) {
        if let allowedValues, !allowedTexts.contains(text) {
            throw ValueProblem(.allowedValues, "is not one of " + Self.list(allowedValues))
        }
        if deniedTexts.contains(text) {
            throw ValueProblem(.deniedValues, "is not to be used here; choose another value")
        }
    }

    /// Whether one item of a list may be given at all.
    func check(item text: String) throws(ValueProblem) {
        if deniedTexts.contains(text) {
            throw ValueProblem(.deniedValues, "is not to be used here; choose another value")
        }
    }

    func check(items: [Substring]) throws(ValueProblem) {
        for item in items where !allowedTexts.contains(String(item)) {
            throw ValueProblem(
                .allowedValues, "has an item that is not one of " + Self.list(allowedValues ?? []))
        }
        if items.contains(where: { deniedTexts.contains(String($0)) }) {
            throw ValueProblem(.deniedValues, "has an item that is not to be used here; choose others")
        }
        if let minItems, items.count < minItems {
            throw ValueProblem(.minItems, "has fewer than \(Self.amount(minItems, "item"))")
        }
        if let maxItems, items.count > maxItems {
            throw ValueProblem(.maxItems, "has more than \(Self.amount(maxItems, "item"))")
        }
        if hasUniqueItems, Set(items.map { Array($0.utf8) }).count < items.count {
            throw ValueProblem(.uniqueItems, "has an item twice")
        }
    }

    private static func amount(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// The values for a sentence, cut where a sentence would become a page.
    private static func list(_ values: [AllowedValue]) -> String {
        let shown = values.prefix(8).map { Diagnostic.quoted($0.value) }.joined(separator: ", ")
        return values.count > 8 ? "the \(values.count) allowed values (\(shown), …)" : shown
    }
}

/// Texts that are told apart by their bytes; one is found in the same time however many there are.
struct ExactTexts: Sendable {
    private let texts: Set<[UInt8]>

    init(_ texts: [String]) { self.texts = Set(texts.map { Array($0.utf8) }) }

    func contains(_ text: String) -> Bool { !texts.isEmpty && texts.contains(Array(text.utf8)) }
}

/// A pattern as an author wrote it; it is compiled and judged elsewhere.
public struct PatternRule: Sendable {
    /// The pattern's source.
    public let source: String
    /// The author's sentence for values that do not match.
    public let message: String?
    /// Where the source is written.
    package let location: SourceMark
    let style: ScalarStyle
}

extension PatternRule {
    /// Where the character with this offset of the source is in the file.
    ///
    /// Between double quotes and in blocks escapes and indentation lie in
    /// between; there the pattern's own place has to do.
    package func location(ofCharacter offset: Int) -> SourceMark {
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
