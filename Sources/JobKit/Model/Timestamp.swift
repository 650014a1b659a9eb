/// A moment of wall-clock time in whole milliseconds since 1970, UTC.
///
/// Kits never read a clock; moments come in as parameters.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// The moment that many milliseconds after 1970.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Whether the left moment comes first.
    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment that many seconds later; saturates at the ends of time.
    public func advanced(bySeconds seconds: Int) -> Timestamp {
        advanced(byMilliseconds: Int64(seconds).multipliedReportingOverflow(by: 1000).partialValue)
    }

    /// The moment that many milliseconds later; saturates at the ends of time.
    public func advanced(byMilliseconds delta: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
        return Timestamp(milliseconds: overflow ? (delta > 0 ? .max : .min) : sum)
    }
}

extension Timestamp: CustomStringConvertible {
    /// ISO 8601 with milliseconds, such as `2026-03-01T09:30:00.125Z`.
    public var description: String {
        let (day, rest) = Self.floorDivide(milliseconds, 86_400_000)
        let (year, month, dayOfMonth) = Self.civil(fromDay: day)
        let seconds = rest / 1000
        return "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(dayOfMonth, 2))T"
            + "\(Self.pad(seconds / 3600, 2)):\(Self.pad(seconds / 60 % 60, 2)):\(Self.pad(seconds % 60, 2))"
            + ".\(Self.pad(rest % 1000, 3))Z"
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// Days since 1970 as a date of the Gregorian calendar; years are counted from 1 March,
    /// which puts the leap day at a year's end.
    private static func civil(fromDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(day + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}
