import ManifestKit
import TestSupport
import Testing

@Suite("Hostile and oversized manifests") struct ManifestLimitTests {
    private func codes(_ bytes: [UInt8]) -> Set<DiagnosticCode> {
        let decoded = Manifest.decode(bytes, file: "manifest.yml")
        #expect(decoded.value == nil)
        return Set(decoded.diagnostics.filter(\.isError).map(\.code))
    }

    @Test func refusesALargeFileBeforeParsing() {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 128 * 1024)
        var found: Set<DiagnosticCode> = []
        let time = milliseconds { found = codes(bytes) }
        #expect(found == [.size])
        #expect(time < 5)
    }

    @Test func stopsAtTheEventThatIsTooDeep() {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 30 * 1024)
        var found: Set<DiagnosticCode> = []
        let time = milliseconds { found = codes(bytes) }
        #expect(found == [.depth])
        #expect(time < 50)
    }

    @Test func readsSixteenLevels() {
        let nested = "x-deep: " + String(repeating: "[", count: 15) + String(repeating: "]", count: 15)
        #expect(decode(nested).value != nil)
        #expect(decode("x-deep: [" + nested.dropFirst(8) + "]").value == nil)
    }

    @Test(arguments: [
        [0xEF, 0xBB, 0xBF] + Array(sample.utf8), [0xFF, 0xFE, 0x69, 0x00], [0xFE, 0xFF, 0x00, 0x69],
        Array(sample.utf8) + [0xC0, 0x80], Array(sample.utf8) + [0xED, 0xA0, 0x80],
        Array(sample.utf8) + [0xFF], [0x80],
    ])
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) { #expect(codes(bytes) == [.encoding]) }

    @Test func tellsWhereUTF8Ends() {
        let found = Manifest.decode(Array("id: a\nname: é".utf8) + [0xFF], file: "f").diagnostics.first
        #expect(found?.description == "f:2:8: error: the file is not UTF-8 from here on; save it as UTF-8")
    }

    @Test func takesTheLineEndsOfWindows() {
        let text = String(
            sample.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"))
        let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
        #expect(
            decoded.value?.canonicalForm()
                == Manifest.decode(Array(sample.utf8), file: "f").value?.canonicalForm())
    }

    @Test func refusesACarriageReturnAlone() {
        #expect(codes(Array("id: a\rname: b\n".utf8)).contains(.controlCharacter))
    }

    @Test func countsInputs() {
        let inputs = (0..<1001).map { "{name: i\($0), type: port}" }
        #expect(
            decode("", inputs: "[\(inputs.prefix(1000).joined(separator: ","))]").value?.inputs.count == 1000)
        let decoded = decode("", inputs: "[\(inputs.joined(separator: ","))]")
        #expect(decoded.diagnostics.map(\.code) == [.limit])
    }

    @Test func countsAllowedValues() {
        let values = (0..<10_001).map(String.init).joined(separator: ",")
        let decoded = decode("", inputs: "[{name: a, type: integer, allowed_values: [\(values)]}]")
        #expect(decoded.diagnostics.map(\.code) == [.limit])
    }

    @Test func showsABoundedNumberOfFindings() {
        let tags = (0..<5000).map { "k\($0): !a b" }.joined(separator: "\n")
        let diagnostics = decode(tags).diagnostics
        #expect(diagnostics.count == 201)
        #expect(diagnostics.contains { $0.code == .limit })
    }

    @Test func answersQuicklyForAFullFile() {
        let lists = (0..<3000).map { "x-k\($0): [a, b]" }.joined(separator: "\n")
        #expect(milliseconds { _ = decode(lists) } < 400)
    }

    @Test(arguments: [
        "0", "-1", "1e3", "0x10", "010", "1_000", "99999999999", "\"600\"", "10m", "86401", "600.0", "",
        "[600]",
    ])
    func takesNoOtherTimeout(_ text: String) {
        let decoded = decode("timeout_seconds: \(text)")
        #expect(decoded.value == nil)
        #expect(decoded.diagnostics.count == 1)
    }

    @Test(arguments: ["1", "86400"])
    func takesATimeout(_ text: String) throws {
        #expect(String(try manifest("timeout_seconds: \(text)").timeoutSeconds) == text)
    }

    @Test(arguments: ["yes", "\"true\"", "1", "True", "on", "~", "[true]"])
    func takesNoOtherBoolean(_ text: String) { #expect(decode("idempotent: \(text)").value == nil) }

    @Test(arguments: 0..<300)
    func neverTrapsOnAlteredBytes(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bytes = Array(sample.utf8)
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let position = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: position)
            case 2:
                bytes.insert(
                    contentsOf: "[{&*!|>'\"%@`\n -:#".utf8.shuffled(using: &generator).prefix(2), at: position
                )
            default: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + 40)], at: position)
            }
        }
        let decoded = Manifest.decode(bytes, file: "manifest.yml")
        #expect((decoded.value == nil) == decoded.diagnostics.contains(where: \.isError))
        let places = decoded.diagnostics.map { ($0.location.line, $0.location.column) }
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 <= $1 })
    }
}
