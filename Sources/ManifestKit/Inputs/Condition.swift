/// A condition over the values of other inputs, as in `visible_if`.
///
/// Evaluation is total and free of side effects.
public indirect enum Condition: Sendable, Hashable {
    /// Every one of the conditions holds.
    case all([Condition])
    /// The input's value is one of the operands.
    case isOneOf(InputName, [Operand])

    /// What an input is compared with.
    public enum Operand: Sendable, Hashable {
        /// No value: the input is hidden or was not answered.
        case null
        /// The canonical text of a value of the input's type.
        case text(String)
    }

    /// The inputs whose values decide.
    public var fields: [InputName] {
        switch self {
        case .all(let conditions): conditions.flatMap(\.fields)
        case .isOneOf(let field, _): [field]
        }
    }

    /// Whether the condition holds when `value` gives each input's canonical text, or nil for null.
    public func holds(_ value: (InputName) -> String?) -> Bool {
        switch self {
        case .all(let conditions):
            conditions.allSatisfy { $0.holds(value) }
        case .isOneOf(let field, let operands):
            operands.contains { $0.equals(value(field)) }
        }
    }
}

extension Condition.Operand {
    /// Null equals null alone; texts are equal when their bytes are.
    fileprivate func equals(_ value: String?) -> Bool {
        switch (self, value) {
        case (.null, nil): true
        case (.text(let text), let value?): text.hasSameBytes(as: value)
        default: false
        }
    }
}
