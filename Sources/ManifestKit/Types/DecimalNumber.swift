/// A decimal number of at most 18 digits, exactly: a whole number and how many of its digits are a fraction.
///
/// No binary fraction comes between what a person wrote and what a rule compares.
public struct DecimalNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The most digits, those of the fraction among them.
    static let maximumDigits = 18

    /// All digits as one number; no needless zero at the end of a fraction.
    private let digits: Int64
    /// How many digits are behind the point.
    private let fraction: Int

    /// A whole number.
    public init(_ number: Int64) { self.init(digits: number, fraction: 0) }

    private init(digits: Int64, fraction: Int) {
        self.digits = digits
        self.fraction = fraction
    }

    /// The number that `text` spells: `-?digits(.digits)?`, no leading zero; nil for anything else.
    ///
    /// Whole numbers may have all the digits that 64 bits hold.
    public init?(_ text: String) {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let parts = text.utf8.dropFirst(isNegative ? 1 : 0)
            .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, Self.areDigits(whole),
            whole.first != UInt8(ascii: "0") || whole.count == 1
        else { return nil }
        guard parts.count == 2 else {
            guard let number = Int64(text), !(isNegative && number == 0) else { return nil }
            self.init(number)
            return
        }
        guard Self.areDigits(parts[1]) else { return nil }
        var fraction = parts[1]
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        guard whole.count + fraction.count <= Self.maximumDigits,
            let number = Int64(String(Substring(whole)) + String(Substring(fraction))),
            !(isNegative && number == 0)
        else { return nil }
        self.init(digits: isNegative ? -number : number, fraction: fraction.count)
    }

    private static func areDigits(_ text: Substring.UTF8View) -> Bool {
        !text.isEmpty && text.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The shortest spelling: `0.5`, `-12`, `3`.
    public var description: String {
        guard fraction > 0 else { return String(digits) }
        let text = String(digits.magnitude)
        let padded = String(repeating: "0", count: max(0, fraction + 1 - text.count)) + text
        return (digits < 0 ? "-" : "") + padded.dropLast(fraction) + "." + padded.suffix(fraction)
    }

    /// The number as 64 bits, where it has no fraction.
    public var integer: Int64? { fraction == 0 ? digits : nil }

    /// Whether the first number is smaller.
    public static func < (first: DecimalNumber, second: DecimalNumber) -> Bool {
        let places = max(first.fraction, second.fraction)
        return first.scaled(to: places) < second.scaled(to: places)
    }

    /// Whether the number is a whole multiple of `step`, which is not 0.
    public func isMultiple(of step: DecimalNumber) -> Bool {
        let places = max(fraction, step.fraction)
        return scaled(to: places).isMultiple(of: step.scaled(to: places))
    }

    private func scaled(to places: Int) -> Int128 {
        (fraction..<places).reduce(Int128(digits)) { number, _ in number * 10 }
    }
}
