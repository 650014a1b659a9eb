/// Hides secrets in a stream of output, also where one is cut by the end of a read.
///
/// Every byte that belongs to an occurrence of a secret, in any of the forms of
/// ``SecretForms``, is left out; each stretch of such bytes becomes one mask.
/// The result does not depend on how the stream was cut into pieces. What might
/// become a secret with the next bytes is held back until they come.
struct Redactor: Sendable {
    /// What stands in place of a secret.
    static let mask: [UInt8] = Array("••••••".utf8)

    /// Forms by their first byte, the longest first.
    private let formsByFirstByte: [[[UInt8]]]
    private let isEmpty: Bool
    /// Bytes not given out yet.
    private var pending: [UInt8] = []
    /// How many of the first pending bytes belong to a secret found already.
    private var covered = 0
    /// Whether the last byte given out was a mask's.
    private var isInMask = false

    /// A redactor for these values; see ``SecretForms/hides(_:)`` for those it leaves readable.
    init(secrets: some Sequence<[UInt8]>) {
        var table = [[[UInt8]]](repeating: [], count: 256)
        let forms = Set(secrets.filter(SecretForms.hides).flatMap(SecretForms.of))
        for form in forms { table[Int(form[0])].append(form) }
        formsByFirstByte = table.map { $0.sorted { $0.count > $1.count } }
        isEmpty = forms.isEmpty
    }

    /// The next piece of output with its secrets masked; may be shorter or empty for now.
    mutating func redact(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        if isEmpty { return Array(bytes) }
        pending += bytes
        return release(isLast: false)
    }

    /// What was held back, once no more output comes.
    mutating func finish() -> [UInt8] { release(isLast: true) }

    private mutating func release(isLast: Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(pending.count)
        var position = 0
        scan: while position < pending.count {
            let forms = formsByFirstByte[Int(pending[position])]
            if !forms.isEmpty {
                switch match(forms, at: position, isLast: isLast) {
                case .undecided: break scan
                case .found(let length): covered = max(covered, position + length)
                case .none: break
                }
            }
            if position >= covered {
                output.append(pending[position])
                isInMask = false
            } else if !isInMask {
                output += Self.mask
                isInMask = true
            }
            position += 1
        }
        pending.removeFirst(position)
        covered = max(0, covered - position)
        return output
    }

    private enum Match {
        case none
        case found(Int)
        case undecided
    }

    /// The longest form at `position`; undecided while a longer one may still become whole.
    private func match(_ forms: [[UInt8]], at position: Int, isLast: Bool) -> Match {
        let rest = pending.count - position
        return pending.withUnsafeBufferPointer { bytes in
            for form in forms where isLast ? form.count <= rest : true {
                let length = min(form.count, rest)
                let isEqual = form.withUnsafeBufferPointer { wanted in
                    (0..<length).allSatisfy { wanted[$0] == bytes[position + $0] }
                }
                if isEqual { return length < form.count ? .undecided : .found(length) }
            }
            return .none
        }
    }
}
