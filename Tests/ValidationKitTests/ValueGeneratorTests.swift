import ManifestKit
import Testing
import ValidationKit

@Suite("Values that are made") struct ValueGeneratorTests {
    private static let inputs = [
        "{name: a, type: password, generate: {kind: password, length: 24}}",
        "{name: a, type: password, generate: {kind: password, length: 12, alphabet: abc}, validation: {pattern: '[abc]+'}}",
        "{name: a, type: string, sensitive: true, generate: {kind: hex, length: 32}, validation: {max_length: 64}}",
        "{name: a, type: string, generate: {kind: base64, length: 32}}",
        "{name: a, type: string, generate: {kind: uuid}, validation: {pattern: '[0-9a-f-]{36}'}}",
        "{name: a, type: port, generate: {kind: port}}",
        "{name: a, type: port, generate: {kind: port}, validation: {max_value: 9000}}",
        "{name: a, type: port, generate: {kind: port}, validation: {min_value: 40000}}",
        "{name: a, type: port, generate: {kind: port}, validation: {min_value: 8080, max_value: 8080}}",
        "{name: a, type: port, generate: {kind: port}, validation: {max_value: 2000, privileged: deny}}",
        "{name: a, type: port, generate: {kind: port}, validation: {min_value: 500, privileged: deny}}",
    ]

    private static func text(_ validation: Validation) -> String? {
        switch validation.inputs?.values.first?.value {
        case .plain(let text): text
        case .secret(let secret): secret.reveal()
        case nil: nil
        }
    }

    /// What is made for an input is what the input itself would take.
    @Test(arguments: inputs) func areAcceptable(_ input: String) throws {
        let validator = try validator(input, schema: "schema_version: 1\n")
        let generator = ValueGenerator { count in (0..<count).map { _ in .random(in: .min ... .max) } }
        for _ in 0..<200 {
            let made = validator.validate([:], generator: generator)
            let text = try #require(Self.text(made), "\(made.violations)")
            #expect(made.inputs?.values.first?.origin == .generated)
            let again = validator.validate(["a": .text(text)])
            #expect(again.violations == [], "made for \(input)")
        }
    }

    @Test func areNotMadeWhereOneIsGiven() throws {
        let validator = try validator(
            "{name: a, type: password, generate: {kind: password, length: 24}}", schema: "schema_version: 1\n"
        )
        let generator = ValueGenerator { [UInt8](repeating: 0, count: $0) }
        let given = validator.validate(["a": .text("their own")], generator: generator)
        #expect(Self.text(given) == "their own")
        #expect(given.inputs?.values.first?.origin == .answer)
    }

    @Test func areAskedForWhereNoneCanBeMade() throws {
        struct NoRandomness: Error {}
        let validator = try validator(
            "{name: a, type: password, generate: {kind: password, length: 24}}", schema: "schema_version: 1\n"
        )
        let validation = validator.validate([:], generator: ValueGenerator { _ in throw NoRandomness() })
        #expect(validation.complaints == ["a: required"])
    }
}
