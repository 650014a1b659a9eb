/// Hides secrets in a stream of output, also where one is cut by the end of a read.
///
/// Every byte that belongs to an occurrence of a secret, in any of the forms of
/// ``SecretForms``, is left out; each stretch of such bytes becomes one mask.
/// The result does not depend on how the stream was cut into pieces. What might
/// become a secret with the next bytes is held back until they come.
///
/// Each byte moves every form that is under way one step on (Knuth, Morris and
/// Pratt), so that no output and no secret makes the work more than their
/// number: a runner that is busy here looks at no clock.
struct Redactor: Sendable {
    /// What stands in place of a secret.
    static let mask: [UInt8] = Array("••••••".utf8)

    private let forms: [SearchedForm]
    /// Which forms begin with each byte.
    private let formsByFirstByte: [[Int]]
    /// How much of each form the latest bytes are.
    private var matched: [Int]
    /// The forms of which that is something.
    private var underWay: [Int] = []

    /// Bytes not given out yet.
    private var pending: [UInt8] = []
    /// The stretches of pending bytes that belong to secrets, in order, none touching the next.
    private var covered: [Range<Int>] = []
    /// Whether the last byte given out was a mask's.
    private var isInMask = false

    /// A redactor for these values; see ``SecretForms/hides(_:)`` for those it leaves readable.
    init(secrets: some Sequence<[UInt8]>) {
        forms = Set(secrets.filter(SecretForms.hides).flatMap(SecretForms.of)).map(SearchedForm.init)
        var table = [[Int]](repeating: [], count: 256)
        for (index, form) in forms.enumerated() { table[Int(form.bytes[0])].append(index) }
        formsByFirstByte = table
        matched = [Int](repeating: 0, count: forms.count)
    }

    /// The next piece of output with its secrets masked; may be shorter or empty for now.
    mutating func redact(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        if forms.isEmpty { return Array(bytes) }
        for byte in bytes {
            pending.append(byte)
            search(byte)
        }
        // What is part of a form may become all of it.
        let undecided = underWay.reduce(0) { max($0, matched[$1]) }
        return release(pending.count - undecided)
    }

    /// What was held back, once no more output comes.
    mutating func finish() -> [UInt8] { release(pending.count) }

    private mutating func search(_ byte: UInt8) {
        var isAnyIdle = false
        for index in underWay {
            let count = forms[index].matched(after: matched[index], byte)
            matched[index] = count
            if count == forms[index].bytes.count { cover(pending.count - count..<pending.count) }
            if count == 0 { isAnyIdle = true }
        }
        // One that is under way has seen the byte already.
        for index in formsByFirstByte[Int(byte)] where matched[index] == 0 {
            matched[index] = 1
            underWay.append(index)
        }
        if isAnyIdle { underWay.removeAll { matched[$0] == 0 } }
    }

    /// Ends come in order, so that only the last stretches can touch a new one.
    private mutating func cover(_ stretch: Range<Int>) {
        var start = stretch.lowerBound
        while let last = covered.last, last.upperBound >= start {
            start = min(start, last.lowerBound)
            covered.removeLast()
        }
        covered.append(start..<stretch.upperBound)
    }

    /// Gives out the first `count` pending bytes.
    private mutating func release(_ count: Int) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(count)
        var position = 0
        for stretch in covered {
            guard stretch.lowerBound < count else { break }
            show(pending[position..<max(position, stretch.lowerBound)], &output)
            if !isInMask { output += Self.mask }
            isInMask = true
            position = min(stretch.upperBound, count)
        }
        show(pending[position..<count], &output)
        pending.removeFirst(count)
        covered = covered.compactMap { stretch in
            let rest = max(0, stretch.lowerBound - count)..<max(0, stretch.upperBound - count)
            return rest.isEmpty ? nil : rest
        }
        return output
    }

    private mutating func show(_ bytes: ArraySlice<UInt8>, _ output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        output += bytes
        isInMask = false
    }
}

/// A form, and where a search for it goes on after a byte that does not fit.
private struct SearchedForm: Sendable {
    let bytes: [UInt8]
    /// For each length, the longest shorter beginning that ends there as well.
    private let fallback: [UInt32]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var fallback = [UInt32](repeating: 0, count: bytes.count)
        var length = 0
        for index in bytes.indices.dropFirst() {
            while length > 0, bytes[index] != bytes[length] { length = Int(fallback[length - 1]) }
            if bytes[index] == bytes[length] { length += 1 }
            fallback[index] = UInt32(length)
        }
        self.fallback = fallback
    }

    /// How much of the form the latest bytes are, when `count` were it and `byte` comes.
    func matched(after count: Int, _ byte: UInt8) -> Int {
        var count = count == bytes.count ? Int(fallback[count - 1]) : count
        while count > 0, bytes[count] != byte { count = Int(fallback[count - 1]) }
        return bytes[count] == byte ? count + 1 : 0
    }
}
