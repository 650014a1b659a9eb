/// A version that can be ordered: an application's, or an operating system's.
///
/// Versions compare part by part:
/// - numbers as integers, a missing part being 0: `20.04 < 20.10`, `9 < 10`, `1 = 1.0`;
/// - `~` and the words dev, alpha, beta, pre and rc, in this order, below a missing part;
/// - any other word above a missing part and below the number 1.
public struct ManifestVersion: Sendable, Comparable, CustomStringConvertible {
    /// The version as it was written.
    public let description: String
    private let parts: [Part]

    /// The version that `text` spells: letters, digits and `.~+-_:`, with something to compare among them.
    public init?(_ text: String) {
        let parts = Self.parts(of: text)
        let isPlain = text.utf8.allSatisfy {
            Self.isDigit($0) || Self.isLetter($0) || ".~+-_:".utf8.contains($0)
        }
        guard !parts.isEmpty, isPlain, text.utf8.count <= 128 else { return nil }
        self.description = text
        self.parts = parts
    }

    /// Whether both are the same version, however they are written.
    public static func == (first: ManifestVersion, second: ManifestVersion) -> Bool {
        compare(first, second) == 0
    }

    /// Whether the first version is older.
    public static func < (first: ManifestVersion, second: ManifestVersion) -> Bool {
        compare(first, second) < 0
    }

    private static func compare(_ first: ManifestVersion, _ second: ManifestVersion) -> Int {
        for index in 0..<max(first.parts.count, second.parts.count) {
            let left = index < first.parts.count ? first.parts[index] : .missing
            let right = index < second.parts.count ? second.parts[index] : .missing
            if left != right { return left < right ? -1 : 1 }
        }
        return 0
    }
}

extension ManifestVersion {
    /// A number, a word or a tilde.
    ///
    /// Numbers are kept as digits, so that none is too large.
    private struct Part: Comparable {
        /// Before the missing part (negative), with it (0), a word (1), a number from 1 up (2).
        let rank: Int
        let text: [UInt8]

        static let missing = Part(rank: 0, text: [])

        init(rank: Int, text: [UInt8]) {
            self.rank = rank
            self.text = text
        }

        init(digits: ArraySlice<UInt8>) {
            text = Array(digits.drop { $0 == UInt8(ascii: "0") })
            rank = text.isEmpty ? 0 : 2
        }

        init(word: ArraySlice<UInt8>) {
            let word = word.map { $0 | 0x20 }
            let early = ["dev", "alpha", "beta", "pre", "rc"].firstIndex { word.elementsEqual($0.utf8) }
            rank = early.map { $0 - 5 } ?? 1
            text = early == nil ? word : []
        }

        static func < (first: Part, second: Part) -> Bool {
            if first.rank != second.rank { return first.rank < second.rank }
            if first.rank == 2, first.text.count != second.text.count {
                return first.text.count < second.text.count
            }
            return first.text.lexicographicallyPrecedes(second.text)
        }
    }

    private static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            if isDigit(byte) {
                parts.append(Part(digits: rest.prefix(while: isDigit)))
                rest = rest.drop(while: isDigit)
            } else if isLetter(byte) {
                parts.append(Part(word: rest.prefix(while: isLetter)))
                rest = rest.drop(while: isLetter)
            } else {
                if byte == UInt8(ascii: "~") { parts.append(Part(rank: -6, text: [])) }
                rest.removeFirst()
            }
        }
        return parts
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
