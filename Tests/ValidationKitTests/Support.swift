import Glibc
import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// A validator for a manifest with these inputs, in YAML's flow form.
func validator(_ inputs: String, schema: String = "") throws -> InputValidator {
    let text = "\(schema)id: app\nname: App\nversion: \"1\"\ninputs: [\(inputs)]\n"
    let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
    let manifest = try #require(decoded.value, "\(decoded.diagnostics)")
    return try InputValidator(manifest: manifest)
}

/// The sample of the README of record, as far as its inputs go.
func sampleValidator() throws -> InputValidator {
    try validator(
        """
        {name: server_name, type: string, required: true, validation: {pattern: '^[a-z0-9\\-\\.]+$'}},
        {name: enable_ssl, type: boolean, default: "true"},
        {name: https_port, type: port, default: "443", visible_if: {enable_ssl: "true"}}
        """)
}

extension Validation {
    /// Each variable and its text, for comparing; secrets revealed.
    var environment: [String] {
        (inputs?.values ?? []).map { input in
            switch input.value {
            case .plain(let text): "\(input.environmentName)=\(text)"
            case .secret(let secret): "\(input.environmentName)=secret \(secret.reveal())"
            }
        }
    }

    /// Each violation's field and code.
    var complaints: [String] { violations.map { "\($0.field): \($0.code.rawValue)" } }
}

extension ManifestFixture {
    /// Those of the tests of ManifestKit.
    static let ofManifestKit = ManifestFixture.all(
        in: "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(
            separator: "/") + "/ManifestKitTests/Fixtures")
}

/// Whether the tests that take minutes are wanted.
let isLongRun = getenv("PROVISION_LONG_TESTS") != nil
