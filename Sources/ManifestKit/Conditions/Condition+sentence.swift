// Conditions as a person reads them: `enable_ssl is true and workers is at least 2`.
extension Condition {
    /// The condition in words.
    public var sentence: String { sentence(isInner: false) }

    private func sentence(isInner: Bool) -> String {
        switch self {
        case .all(let conditions): Self.joined(conditions, by: " and ", isInner: isInner)
        case .any(let conditions): Self.joined(conditions, by: " or ", isInner: isInner)
        case .not(let condition): "not (\(condition.sentence))"
        case .comparison(let comparison): comparison.sentence
        }
    }

    private static func joined(_ conditions: [Condition], by word: String, isInner: Bool) -> String {
        let text = conditions.map { $0.sentence(isInner: true) }.joined(separator: word)
        return isInner && conditions.count > 1 ? "(\(text))" : text
    }
}

extension Condition.Comparison {
    fileprivate var sentence: String {
        let right = operands.map(\.sentence).joined(separator: " or ")
        let words: String =
            switch `operator` {
            case .equal, .isIn: "is \(right)"
            case .notEqual, .isNotIn: "is not \(right)"
            case .greater: "is greater than \(right)"
            case .atLeast: "is at least \(right)"
            case .less: "is less than \(right)"
            case .atMost: "is at most \(right)"
            case .matches: "matches \(right)"
            case .notMatches: "does not match \(right)"
            case .startsWith: "begins with \(right)"
            case .endsWith: "ends with \(right)"
            case .contains: "has \(right)"
            case .isSet: operands == [.text("true")] ? "is answered" : "is not answered"
            }
        return "\(subject.name) \(words)"
    }
}

extension Condition.Operand {
    fileprivate var sentence: String {
        switch self {
        case .null: "not answered"
        case .text(let text): text
        case .subject(let subject): subject.name
        }
    }
}
