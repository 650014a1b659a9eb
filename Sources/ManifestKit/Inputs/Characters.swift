// The standard library composes text for its own comparisons, and offers that to others only so.
@_spi(_Unicode) import Swift

/// Which characters text may hold.
package enum Characters {
    /// Whether readers or terminals would act upon `scalar` instead of showing it.
    ///
    /// Controls of both blocks but tab and newline, the line and paragraph
    /// separators, bidirectional marks, overrides and isolates, the byte-order mark.
    package static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0x00..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// Whether `scalar` may not stand in a text of one line.
    package static func isForbiddenInOneLine(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar == "\n" || isForbidden(scalar)
    }

    /// The most marks that one letter may carry (UAX #15's stream-safe text).
    ///
    /// Whoever compares texts by letters sorts the marks of each, Swift in time that
    /// grows with their square.
    package static let maximumMarks = 30

    /// What may not stand in `text`, of one line or of many: `the character U+202E`, or nil for nothing.
    package static func forbidden(in text: String, ofOneLine isOneLine: Bool) -> String? {
        // Nearly all texts are visible ASCII.
        if text.utf8.allSatisfy(ASCII.isVisible) { return nil }
        var marks = 0
        for scalar in text.unicodeScalars {
            if isOneLine ? isForbiddenInOneLine(scalar) : isForbidden(scalar) {
                return "the character \(name(of: scalar))"
            }
            marks = isMark(scalar) ? marks + 1 : 0
            if marks > maximumMarks { return "more than \(maximumMarks) combining marks in a row" }
        }
        return nil
    }

    /// Whether a letter of `text` carries more marks than it may.
    package static func isOverloaded(_ text: String) -> Bool {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return false }
        var marks = 0
        for scalar in text.unicodeScalars {
            marks = isMark(scalar) ? marks + 1 : 0
            if marks > maximumMarks { return true }
        }
        return false
    }

    /// Whether `scalar` is written above, below or around the letter before it.
    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x300 && scalar.properties.canonicalCombiningClass != .notReordered
    }

    /// `U+202E`, as findings name a character they must not repeat.
    package static func name(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension String {
    /// The text with nothing that a terminal would act upon: `\u{1B}` for an escape.
    package var escapedForTerminals: String {
        if utf8.allSatisfy(ASCII.isVisible) { return self }
        return unicodeScalars.map { scalar in
            Characters.isForbiddenInOneLine(scalar)
                ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
        }.joined()
    }

    /// Whether the text is in Unicode's composed form (NFC).
    package var isComposed: Bool { _nfc.elementsEqual(unicodeScalars) }

    /// Whether both texts are the same bytes.
    ///
    /// Swift's `==` holds "é" composed and decomposed equal; the scripts that are
    /// given these texts do not.
    package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// The text without spaces at either end; no other white space is touched.
    package var trimmed: String {
        guard utf8.first == 0x20 || utf8.last == 0x20 else { return self }
        var slice = utf8[...]
        while slice.first == 0x20 { slice.removeFirst() }
        while slice.last == 0x20 { slice.removeLast() }
        return String(Substring(slice))
    }
}
