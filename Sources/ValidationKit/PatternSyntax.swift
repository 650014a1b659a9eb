/// Refuses what PCRE2 understands and browsers do not, or what needs unbounded work.
///
/// What is left means the same in both: literals, classes, groups, alternatives,
/// quantifiers, anchors, and a handful of escapes. Whether it is well-formed is
/// for PCRE2 to say.
struct PatternSyntax {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    /// The costliest thing that one character may be compared with, in list entries to walk.
    ///
    /// ASCII and classes of it are looked up in one step; beyond ASCII a class is a
    /// list that is walked for every character.
    private(set) var weight = 0

    /// The most entries beyond ASCII that a class may list.
    static let maximumWeight = 100

    /// The syntax of `source`, which holds nothing that is refused.
    init(_ source: String) throws(PatternError) {
        scalars = Array(source.unicodeScalars)
        try run()
    }

    private mutating func run() throws(PatternError) {
        while let scalar = peek() {
            switch scalar {
            case "\\": try escape(inClass: false)
            case "[": try characterClass()
            case "(": try group()
            case "*", "+", "?": try quantifier(length: 1)
            case "{":
                let length = boundsLength
                if length == 0, looksLikeBounds {
                    throw refused(position, "a brace that newer readers take for '{n,m}'")
                }
                try quantifier(length: length)
            default:
                if !scalar.isASCII { weight = max(weight, 1) }
                position += 1
            }
        }
    }

    // MARK: Escapes

    private mutating func escape(inClass: Bool) throws(PatternError) {
        let start = position
        guard let letter = peek(1) else {
            throw PatternError(.malformed, at: start, "ends with a lone backslash")
        }
        position += 2
        switch letter {
        case "d", "D", "w", "W", "s", "S", "t", "r", "n", "f", "b": return
        case "B" where !inClass: return
        case "x":
            guard let high = peek(), let low = peek(1), high.isHexDigit, low.isHexDigit else {
                throw refused(start, "the escape '\\x' without two hexadecimal digits")
            }
            position += 2
        case "p", "P":
            try property(from: start)
            if !inClass { weight = max(weight, 1) }
        case "1"..."9", "k", "g": throw refused(start, "a back-reference")
        case "R" where !inClass, "X" where !inClass: throw refused(start, "the escape '\\\(letter)'")
        default:
            // A backslash before punctuation is the punctuation, everywhere.
            guard letter.isASCII, !letter.isAlphanumeric, letter.value > 0x20 else {
                throw refused(start, "the escape '\\\(letter)'")
            }
        }
    }

    /// `\p{Lu}`: general categories alone are spelt alike everywhere.
    private mutating func property(from start: Int) throws(PatternError) {
        guard peek() == "{", let end = scalars[position...].firstIndex(of: "}") else {
            throw refused(start, "a property without braces")
        }
        let name = String(String.UnicodeScalarView(scalars[(position + 1)..<end]))
        guard Self.categories.contains(name) else {
            throw PatternError(
                .unsupported, at: start,
                "uses the property '\(name)'; only general categories such as 'Lu' are spelt alike everywhere"
            )
        }
        position = end + 1
    }

    private static let categories: Set<String> = [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd",
        "Ps", "Pe",
        "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cn",
    ]

    // MARK: Classes, groups, quantifiers

    private mutating func characterClass() throws(PatternError) {
        let start = position
        var entries = 0
        position += 1
        if peek() == "^" { position += 1 }
        // One reader takes this bracket for a member, the other for the class's end.
        if peek() == "]" { throw refused(start, "a class that begins with ']'; write '\\]'") }
        while let scalar = peek() {
            switch scalar {
            case "]":
                position += 1
                guard entries <= Self.maximumWeight else {
                    throw refused(
                        start, "a class that lists more than \(Self.maximumWeight) characters beyond ASCII")
                }
                weight = max(weight, entries)
                return
            case "\\":
                if peek(1) == "p" || peek(1) == "P" { entries += 1 }
                try escape(inClass: true)
            case "[":
                guard peek(1) != ":", peek(1) != ".", peek(1) != "=" else {
                    throw refused(position, "a POSIX class")
                }
                position += 1
            default:
                if !scalar.isASCII { entries += 1 }
                position += 1
            }
        }
        throw PatternError(.malformed, at: start, "opens a class that is never closed")
    }

    private mutating func group() throws(PatternError) {
        let start = position
        position += 1
        if peek() == "*" { throw refused(start, "a verb") }
        guard peek() == "?" else { return }
        let kind = peek(1) ?? " "
        let next = peek(2) ?? " "
        switch kind {
        case ":": position += 2
        case "=", "!": throw refused(start, "look-around")
        case "<":
            if next == "=" || next == "!" { throw refused(start, "look-around") }
            position += 2
        case ">": throw refused(start, "an atomic group")
        case "R", "&", "+", "0"..."9": throw refused(start, "recursion")
        case "-" where next.isDigit, "P" where next == ">": throw refused(start, "recursion")
        case "P" where next == "=": throw refused(start, "a back-reference")
        default: throw refused(start, "a group that begins with '(?\(kind)'")
        }
    }

    private mutating func quantifier(length: Int) throws(PatternError) {
        let start = position
        position += max(1, length)
        guard length > 0 else { return }
        if peek() == "+" { throw refused(start, "a possessive quantifier") }
        if peek() == "?" { position += 1 }
    }

    /// The length of `{2}`, `{2,}` or `{2,5}` here; 0 for a brace that means itself.
    private var boundsLength: Int {
        guard let end = scalars[position...].firstIndex(of: "}") else { return 0 }
        let parts = scalars[(position + 1)..<end].split(
            separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        let isBounds = parts.allSatisfy { $0.allSatisfy(\.isDigit) } && parts.first?.isEmpty == false
        return isBounds ? end + 1 - position : 0
    }

    /// Whether a brace that means itself would be bounds to newer releases of PCRE2: `{,5}`, `{ 2 }`.
    private var looksLikeBounds: Bool {
        guard let end = scalars[position...].firstIndex(of: "}") else { return false }
        let inside = scalars[(position + 1)..<end]
        return inside.contains(where: \.isDigit)
            && inside.allSatisfy { $0.isDigit || $0 == "," || $0 == " " || $0 == "\t" }
    }

    // MARK: Reading

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    private func refused(_ offset: Int, _ what: String) -> PatternError {
        PatternError(.unsupported, at: offset, "uses \(what), which patterns may not")
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
    fileprivate var isHexDigit: Bool { isDigit || ("a"..."f").contains(self) || ("A"..."F").contains(self) }
    fileprivate var isAlphanumeric: Bool {
        isDigit || ("a"..."z").contains(self) || ("A"..."Z").contains(self)
    }
}
