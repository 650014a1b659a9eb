import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// One file of vectors for each type of input.
@Suite("The types of inputs") struct TypeVectorTests {
    /// A line of a file.
    struct Vector: CustomStringConvertible, Sendable {
        let type: String
        /// The input's other keys, in YAML.
        let keys: String
        let value: JSONValue
        /// The canonical text; nil for a value that is refused.
        let canonical: String?
        /// Why it is refused.
        let code: String?

        var description: String {
            "\(type) {\(keys)}: \(String(decoding: value.bytes(), as: UTF8.self).prefix(80))"
        }
    }

    static func vectors(of type: String) throws -> [Vector] {
        let folder = "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        let bytes = try Folder(path: folder + "/Vectors").read("\(type).vectors", atMost: 1 << 20).bytes
        var keys = ""
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            if line.hasPrefix("#") { return nil }
            let (word, rest) = parts(of: line)
            switch word {
            case "keys":
                keys = rest
                return nil
            case "accept":
                let sides = rest.split(separator: " -> ")
                let canonical = try JSONValue(parsing: Array(sides[1].utf8)).string
                return Vector(
                    type: type, keys: keys, value: try JSONValue(parsing: Array(sides[0].utf8)),
                    canonical: canonical,
                    code: nil)
            default:
                let space = try #require(rest.lastIndex(of: " "))
                return Vector(
                    type: type, keys: keys, value: try JSONValue(parsing: Array(rest[..<space].utf8)),
                    canonical: nil,
                    code: String(rest[rest.index(after: space)...]))
            }
        }
    }

    private static func parts(of line: Substring) -> (Substring, String) {
        let word = line.prefix { $0 != " " }
        return (word, String(line.dropFirst(word.count + 1)))
    }

    @Test(arguments: InputType.allCases) func takesWhatItsVectorsSay(_ type: InputType) throws {
        let vectors = try Self.vectors(of: type.rawValue)
        #expect(vectors.count >= 15)
        for vector in vectors {
            let keys = vector.keys.isEmpty ? "" : ", \(vector.keys)"
            let validator = try validator("{name: a, type: \(type.rawValue)\(keys)}")
            let validation = validator.validate(RawInputs(["a": vector.value]))
            if let canonical = vector.canonical {
                #expect(validation.violations.map(\.message) == [], "\(vector)")
                let value = try #require(validation.inputs?.values.first?.value, "\(vector)")
                switch value {
                case .plain(let text):
                    #expect(text.unicodeScalars.elementsEqual(canonical.unicodeScalars), "\(vector)")
                case .secret(let secret): #expect(secret == Secret(canonical), "\(vector)")
                }
                // A canonical text is its own.
                let again = validator.validate(["a": .text(canonical)])
                #expect(again.inputs == validation.inputs, "\(vector)")
            } else {
                #expect(validation.violations.map(\.code.rawValue) == [vector.code ?? ""], "\(vector)")
            }
        }
    }
}
