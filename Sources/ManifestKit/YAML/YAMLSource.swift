/// The checks a file has to pass before it is parsed.
enum YAMLSource {
    /// The largest manifest that is read.
    static let maximumSize = 64 * 1024

    /// Whether `bytes` may be parsed; what speaks against it is reported.
    static func check(_ bytes: [UInt8], findings: Findings) -> Bool {
        guard bytes.count <= maximumSize else {
            findings.error(
                .size, "the file has \(bytes.count) bytes; at most \(maximumSize) are read",
                at: findings.start)
            return false
        }
        // Nearly all files are nothing but visible ASCII.
        if bytes.allSatisfy({ ASCII.isVisible($0) || $0 == UInt8(ascii: "\n") }) { return true }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) || bytes.starts(with: [0xFF, 0xFE])
            || bytes.starts(with: [0xFE, 0xFF])
        {
            findings.error(
                .encoding, "the file begins with a byte-order mark; save it as UTF-8 without one",
                at: findings.start)
            return false
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            findings.error(
                .encoding, "the file is not UTF-8 from here on; save it as UTF-8",
                at: placeOfInvalidUTF8(bytes, findings))
            return false
        }
        return checkCharacters(text, findings: findings)
    }

    private static func checkCharacters(_ text: String, findings: Findings) -> Bool {
        var line = 1
        var column = 1
        var isClean = true
        var previous: Unicode.Scalar = " "
        var marks = 0
        func report(_ scalar: Unicode.Scalar, at column: Int) {
            isClean = false
            findings.error(
                .controlCharacter, "the character \(Characters.name(of: scalar)) may not stand in a manifest",
                at: SourceMark(line: line, column: column))
        }
        for scalar in text.unicodeScalars {
            // A carriage return is part of a line's end, and nothing else.
            if previous == "\r", scalar != "\n" { report(previous, at: column - 1) }
            if scalar != "\r", Characters.isForbidden(scalar) { report(scalar, at: column) }
            marks = Characters.isMark(scalar) ? marks + 1 : 0
            if marks == Characters.maximumMarks + 1 {
                isClean = false
                findings.error(
                    .controlCharacter,
                    "more than \(Characters.maximumMarks) combining marks in a row may not stand in a manifest",
                    at: SourceMark(line: line, column: column))
            }
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
            previous = scalar
        }
        if previous == "\r" { report(previous, at: column - 1) }
        return isClean
    }

    private static func placeOfInvalidUTF8(_ bytes: [UInt8], _ findings: Findings) -> SourceMark {
        var valid = bytes.count
        do { _ = try UTF8Span(validating: bytes.span) } catch { valid = error.byteOffsets.lowerBound }
        let lines = bytes[..<valid].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let before = String(decoding: lines.last ?? [], as: UTF8.self).unicodeScalars.count
        return SourceMark(line: max(1, lines.count), column: before + 1)
    }
}
