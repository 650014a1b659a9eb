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

    /// The shortest spelling of an amount: the largest unit of which it is a whole number.
    static func spelling(of amount: Int64, units: [UInt8: Int64]) -> String {
        let fitting = units.filter { amount >= $0.value && amount % $0.value == 0 }
        guard let (letter, factor) = fitting.max(by: { $0.value < $1.value }) else { return String(amount) }
        return "\(amount / factor)\(Character(Unicode.Scalar(letter)))"
    }
}

/// A length of time: whole seconds, or minutes, hours and days with their letter.
enum DurationValue: ValueGrammar {
    static let units: [UInt8: Int64] = [
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
    static let units: [UInt8: Int64] = [
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

extension InputType {
    /// A canonical text as a person would write it: `2h` for 7200 of a duration, `16M` of a size.
    package func spelling(of canonical: String) -> String {
        guard let amount = Int64(canonical) else { return canonical }
        switch self {
        case .duration: return UnitValue.spelling(of: amount, units: DurationValue.units)
        case .size: return UnitValue.spelling(of: amount, units: SizeValue.units)
        default: return canonical
        }
    }
}
