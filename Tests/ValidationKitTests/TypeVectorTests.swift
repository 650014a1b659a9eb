import ManifestKit
import TestSupport
import Testing
import ValidationKit

@Suite("Types of inputs, by their vectors") struct TypeVectorTests {
    @Test(arguments: InputType.allCases) func everyTypeHasFifteenVectors(_ type: InputType) throws {
        let vectors = try TypeVectors(of: type).vectors
        #expect(vectors.count >= 15)
        #expect(vectors.contains { $0.expected != nil } && vectors.contains { $0.expected == nil })
    }

    @Test(arguments: InputType.allCases) func aValueIsWhatItsVectorSays(_ type: InputType) throws {
        for vector in try TypeVectors(of: type).vectors {
            let validation = vector.validator.validate(RawInputs(["value": vector.value]))
            let found = validation.inputs?.values.first.map { $0.value.revealed }
            let codes = validation.violations.map(\.code.rawValue)
            #expect(
                found?.utf8.elementsEqual(vector.expected?.utf8 ?? "".utf8) ?? (vector.expected == nil),
                "\(vector): \(found ?? "refused"), \(validation.violations)")
            #expect((found != nil) == (vector.expected != nil), "\(vector): \(validation.violations)")
            #expect(codes == (vector.code.map { [$0] } ?? []), "\(vector): \(validation.violations)")
        }
    }

    /// What is accepted is accepted again in its canonical spelling, and stays what it is.
    @Test(arguments: InputType.allCases) func aCanonicalTextIsItsOwn(_ type: InputType) throws {
        for vector in try TypeVectors(of: type).vectors {
            guard let text = vector.expected else { continue }
            let again = vector.validator.validate(["value": .text(text)]).inputs?.values.first
            #expect(again?.value.revealed.utf8.elementsEqual(text.utf8) == true, "\(vector)")
        }
    }
}

extension ValidatedValue {
    /// The text; a secret's, too.
    var revealed: String {
        switch self {
        case .plain(let text): text
        case .secret(let secret): secret.reveal()
        }
    }
}

/// The vectors of one type: a file of `Vectors` that is named for it.
///
/// A line `keys: {…}` gives the input's other keys, in YAML's flow form, for the
/// lines below it. `accept VALUE -> TEXT` and `refuse VALUE CODE` follow, VALUE and
/// TEXT in JSON. `"ab" * 3` stands for `"ababab"`.
struct TypeVectors {
    struct Vector: CustomStringConvertible {
        let description: String
        let validator: InputValidator
        let value: JSONValue
        /// The canonical text, where the value is accepted.
        var expected: String?
        /// The violation, where it is refused.
        var code: String?
    }

    private(set) var vectors: [Vector] = []

    init(of type: InputType) throws {
        let folder = "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let path = folder.joined(separator: "/") + "/Vectors/\(type.rawValue).vectors"
        var current: InputValidator?
        for (index, line) in try Fixtures.read(path).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let place = "\(type.rawValue).vectors:\(index + 1): \(line.prefix(100))"
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("keys: {"), line.hasSuffix("}") {
                let keys = line.dropFirst(7).dropLast()
                current = try validator(
                    "{name: value, type: \(type.rawValue)\(keys.isEmpty ? "" : ", \(keys)")}")
                continue
            }
            let validator = try #require(current, "\(place): no keys before it")
            if line.hasPrefix("accept ") {
                let (value, rest) = try Self.value(line.dropFirst(7), before: " -> ", place)
                let text = try #require(try Self.value(rest).string, "\(place): no text")
                vectors.append(
                    Vector(description: place, validator: validator, value: value, expected: text))
            } else {
                try #require(line.hasPrefix("refuse "), "\(place): neither 'accept' nor 'refuse'")
                let code = line.split(separator: " ").last.map(String.init) ?? ""
                try #require(Violation.Code(rawValue: code) != nil, "\(place): no violation is called so")
                let value = try Self.value(line.dropFirst(7).dropLast(code.count + 1))
                vectors.append(Vector(description: place, validator: validator, value: value, code: code))
            }
        }
    }

    /// The value before the first separator that does not stand inside it, and what is behind.
    private static func value(
        _ text: Substring, before separator: String, _ place: String
    ) throws -> (JSONValue, Substring) {
        var start = text.startIndex
        while let range = text[start...].firstRange(of: separator) {
            if let value = try? value(text[..<range.lowerBound]) { return (value, text[range.upperBound...]) }
            start = text.index(after: range.lowerBound)
        }
        throw VectorError(place: place)
    }

    private static func value(_ text: Substring) throws -> JSONValue {
        if let value = try? JSONValue(parsing: Array(text.utf8)) { return value }
        let parts = text.split(separator: "\" * ", maxSplits: 1)
        guard parts.count == 2, let count = Int(parts[1]),
            let one = try JSONValue(parsing: Array("\(parts[0])\"".utf8)).string
        else { throw VectorError(place: String(text)) }
        return .string(String(repeating: one, count: count))
    }
}

struct VectorError: Error {
    let place: String
}
