/// A whole number with a unit behind it, as in `90s` and `512M`; scripts see it in the smallest unit.
enum UnitValue {
    /// The amount that `text` spells in the smallest unit, or nil; a number alone is in that unit already.
    static func amount(of text: String, units: [UInt8: Int64]) -> Int64? {
        guard let last = text.utf8.last else { return nil }
        let factor = units[last]
        guard let number = Int64(exactDecimal: factor == nil ? text : String(text.dropLast())), number >= 0
        else { return nil }
        let (amount, isTooLarge) = number.multipliedReportingOverflow(by: factor ?? 1)
        return isTooLarge ? nil : amount
    }
}

/// A length of time: whole seconds, or minutes, hours and days with their letter.
enum DurationValue: ValueGrammar {
    private static let units: [UInt8: Int64] = [
        UInt8(ascii: "s"): 1, UInt8(ascii: "m"): 60, UInt8(ascii: "h"): 3600, UInt8(ascii: "d"): 86_400,
    ]

    static func seconds(of text: String) -> Int64? { UnitValue.amount(of: text, units: units) }

    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard let seconds = seconds(of: text) else {
            throw .type("is not a duration such as '90s', '10m', '2h' or '7d'")
        }
        return String(seconds)
    }
}

/// An amount of memory or disk: bytes, or powers of 1024 with their letter.
enum SizeValue: ValueGrammar {
    private static let units: [UInt8: Int64] = [
        UInt8(ascii: "K"): 1 << 10, UInt8(ascii: "M"): 1 << 20, UInt8(ascii: "G"): 1 << 30,
        UInt8(ascii: "T"): 1 << 40,
    ]

    static func bytes(of text: String) -> Int64? { UnitValue.amount(of: text, units: units) }

    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard let bytes = bytes(of: text) else {
            throw .type("is not a size such as '65536', '512M' or '2G'")
        }
        return String(bytes)
    }
}
