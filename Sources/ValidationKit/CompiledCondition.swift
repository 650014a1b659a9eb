import ManifestKit

/// The values that conditions are asked about: each input's canonical text in its place, then the context's.
struct ConditionValues {
    private let inputCount: Int
    private let context: FormContext
    private var texts: [String?]

    init(inputCount: Int, context: FormContext) {
        self.inputCount = inputCount
        self.context = context
        texts = [String?](repeating: nil, count: inputCount)
    }

    subscript(input index: Int) -> String? {
        get { texts[index] }
        set { texts[index] = newValue }
    }

    fileprivate subscript(place: CompiledCondition.Place) -> String? {
        switch place {
        case .input(let index): texts[index]
        case .nowhere: nil
        case .context(let context): self.context.value(of: context)
        }
    }
}

/// A condition ready to be asked: inputs by their places, patterns compiled, right sides read.
indirect enum CompiledCondition: Sendable {
    case all([CompiledCondition])
    case any([CompiledCondition])
    case not(CompiledCondition)
    case test(Test)

    /// Where a value is.
    enum Place: Sendable {
        case input(Int)
        case context(Condition.Context)
        /// Of an input that is not among those that are asked: it has no value.
        case nowhere
    }

    /// A right side.
    enum Operand: Sendable {
        case null
        case text(String)
        case place(Place)
    }

    struct Test: Sendable {
        let place: Place
        let kind: ValueKind
        let `operator`: Condition.Operator
        let operands: [Operand]
        let pattern: Pattern?
    }

    /// The condition over the inputs at these places.
    ///
    /// - Throws: ``PatternError`` where a pattern does not compile.
    init(
        _ condition: Condition, _ inputs: [InputName: (index: Int, kind: ValueKind)],
        _ patterns: inout PatternCompiler
    ) throws(PatternError) {
        switch condition {
        case .all(let conditions): self = .all(try Self.each(conditions, inputs, &patterns))
        case .any(let conditions): self = .any(try Self.each(conditions, inputs, &patterns))
        case .not(let condition): self = .not(try CompiledCondition(condition, inputs, &patterns))
        case .comparison(let comparison):
            let (place, kind) = Self.place(of: comparison.subject, inputs)
            let isPattern = comparison.operator == .matches || comparison.operator == .notMatches
            var pattern: Pattern?
            if isPattern, case .text(let source)? = comparison.operands.first {
                pattern = try patterns.compile(source)
            }
            let operands = comparison.operands.map { operand -> Operand in
                switch operand {
                case .null: .null
                case .text(let text): .text(text)
                case .subject(let subject): .place(Self.place(of: subject, inputs).0)
                }
            }
            self = .test(
                Test(
                    place: place, kind: kind, operator: comparison.operator, operands: operands,
                    pattern: pattern))
        }
    }

    private static func each(
        _ conditions: [Condition], _ inputs: [InputName: (index: Int, kind: ValueKind)],
        _ patterns: inout PatternCompiler
    ) throws(PatternError) -> [CompiledCondition] {
        var compiled: [CompiledCondition] = []
        for condition in conditions { compiled.append(try CompiledCondition(condition, inputs, &patterns)) }
        return compiled
    }

    private static func place(
        of subject: Condition.Subject, _ inputs: [InputName: (index: Int, kind: ValueKind)]
    ) -> (Place, ValueKind) {
        switch subject {
        case .context(let context): return (.context(context), context.kind)
        case .input(let name):
            guard let (index, kind) = inputs[name] else { return (.nowhere, .text) }
            return (.input(index), kind)
        }
    }

    /// Whether the condition holds.
    func holds(_ values: ConditionValues) -> Bool {
        switch self {
        case .all(let conditions): conditions.allSatisfy { $0.holds(values) }
        case .any(let conditions): conditions.contains { $0.holds(values) }
        case .not(let condition): !condition.holds(values)
        case .test(let test): test.holds(values)
        }
    }
}

extension CompiledCondition.Test {
    /// Of null only `eq` with null and `set: false` hold; every other comparison with it is false.
    func holds(_ values: ConditionValues) -> Bool {
        let left = values[place]
        switch `operator` {
        case .isSet:
            guard case .text(let wanted)? = operands.first else { return false }
            return (left != nil) == (wanted == "true")
        case .equal, .isIn: return operands.contains { isSame(left, right($0, values)) }
        case .notEqual, .isNotIn:
            return left != nil && operands.allSatisfy { differs(left, $0, values) }
        default:
            guard let left else { return false }
            if let pattern { return (pattern.match(left) == (`operator` == .matches ? .matches : .differs)) }
            guard let operand = operands.first, let right = right(operand, values) else { return false }
            return compares(left, right)
        }
    }

    private func right(_ operand: CompiledCondition.Operand, _ values: ConditionValues) -> String? {
        switch operand {
        case .null: nil
        case .text(let text): text
        case .place(let place): values[place]
        }
    }

    private func isSame(_ left: String?, _ right: String?) -> Bool {
        switch (left, right) {
        case (nil, nil): return true
        case (let left?, let right?):
            guard kind == .version else { return left.hasSameBytes(as: right) }
            return order(of: left, right) == 0
        default: return false
        }
    }

    /// `ne: null` asks for any value at all; to differ from another input, that one needs a value, too.
    private func differs(
        _ left: String?, _ operand: CompiledCondition.Operand, _ values: ConditionValues
    ) -> Bool {
        if case .null = operand { return true }
        guard let right = right(operand, values) else { return false }
        return !isSame(left, right)
    }

    private func compares(_ left: String, _ right: String) -> Bool {
        switch `operator` {
        case .greater: order(of: left, right).map { $0 > 0 } ?? false
        case .atLeast: order(of: left, right).map { $0 >= 0 } ?? false
        case .less: order(of: left, right).map { $0 < 0 } ?? false
        case .atMost: order(of: left, right).map { $0 <= 0 } ?? false
        case .startsWith: left.utf8.starts(with: right.utf8)
        case .endsWith: left.utf8.reversed().starts(with: right.utf8.reversed())
        case .contains:
            kind == .list
                ? left.utf8.split(separator: UInt8(ascii: ",")).contains { $0.elementsEqual(right.utf8) }
                : left.hasBytes(of: right)
        case .equal, .notEqual, .isIn, .isNotIn, .matches, .notMatches, .isSet: false
        }
    }

    /// Below 0 where the left value is less; nil where the two have no order.
    private func order(of left: String, _ right: String) -> Int? {
        func sign<Value: Comparable>(_ left: Value?, _ right: Value?) -> Int? {
            guard let left, let right else { return nil }
            return left < right ? -1 : left == right ? 0 : 1
        }
        switch kind {
        case .number: return sign(DecimalNumber(left), DecimalNumber(right))
        case .version: return sign(ManifestVersion(left), ManifestVersion(right))
        // Four digits, two and two: their bytes are in the calendar's order.
        case .date:
            return left.hasSameBytes(as: right) ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
        case .text, .boolean, .list: return nil
        }
    }
}

extension String {
    /// Whether the bytes of `other` stand somewhere in the text.
    fileprivate func hasBytes(of other: String) -> Bool {
        let (bytes, wanted) = (Array(utf8), Array(other.utf8))
        guard wanted.count <= bytes.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0...].starts(with: wanted) }
    }
}
