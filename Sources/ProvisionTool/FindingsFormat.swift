import ArgumentParser
import ManifestKit

/// How findings are written.
enum FindingsFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people, as compilers write them.
    case text
    /// For programs.
    case json
    /// SARIF 2.1.0, for code hosts and editors.
    case sarif
    /// Annotations of GitHub's workflows.
    case github

    func report(_ findings: [Diagnostic], applications: Int) -> [UInt8] {
        switch self {
        case .text: Array(Self.text(findings, applications).utf8)
        case .json: Self.json(findings, applications).indentedBytes()
        case .sarif: Self.sarif(findings).indentedBytes()
        case .github: Array(findings.map { Self.annotation($0) + "\n" }.joined().utf8)
        }
    }

    // MARK: - For people

    private static func text(_ findings: [Diagnostic], _ applications: Int) -> String {
        let terminal = Terminal()
        let lines = findings.map { finding in
            let severity = terminal.styled(finding.severity.rawValue, finding.severity.style)
            let code = terminal.styled("[\(finding.code.rawValue)]", .faint)
            return
                "\(terminal.styled(finding.location.description, .strong)): \(severity): \(finding.message) \(code)\n"
        }
        let counts = [Diagnostic.Severity.error, .warning, .note].compactMap { severity -> String? in
            let count = findings.count { $0.severity == severity }
            return count > 0 ? amount(count, severity.rawValue) : nil
        }
        return lines.joined() + "\(amount(applications, "application")): "
            + (counts.isEmpty ? "no findings" : counts.joined(separator: ", ")) + "\n"
    }

    private static func amount(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    // MARK: - For programs

    private static func json(_ findings: [Diagnostic], _ applications: Int) -> JSONValue {
        [
            "applications": .integer(applications),
            "findings": .array(
                findings.map { finding in
                    [
                        "file": .string(finding.location.file), "line": .integer(finding.location.line),
                        "column": .integer(finding.location.column),
                        "severity": .string(finding.severity.rawValue),
                        "code": .string(finding.code.rawValue), "message": .string(finding.message),
                    ]
                }),
        ]
    }

    private static func sarif(_ findings: [Diagnostic]) -> JSONValue {
        let used = DiagnosticCode.allCases.filter { code in findings.contains { $0.code == code } }
        let rules = used.map { code in
            JSONValue.object([
                "id": .string(code.rawValue), "shortDescription": ["text": .string(code.summary)],
            ])
        }
        let results = findings.map { finding in
            JSONValue.object([
                "ruleId": .string(finding.code.rawValue), "level": .string(finding.severity.rawValue),
                "message": ["text": .string(finding.message)],
                "locations": [
                    [
                        "physicalLocation": [
                            "artifactLocation": ["uri": .string(uri(finding.location.file))],
                            "region": [
                                "startLine": .integer(finding.location.line),
                                "startColumn": .integer(finding.location.column),
                            ],
                        ]
                    ]
                ],
            ])
        }
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [
                [
                    "tool": ["driver": ["name": "provision", "version": "0.1.0", "rules": .array(rules)]],
                    "columnKind": "unicodeCodePoints", "results": .array(results),
                ]
            ],
        ]
    }

    /// A path as a relative or full reference: what has a meaning in addresses is escaped.
    private static func uri(_ path: String) -> String {
        var text = path.hasPrefix("/") ? "file://" : ""
        for byte in path.utf8 {
            if ASCII.isAlphanumeric(byte) || "/-._~".utf8.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }

    private static func annotation(_ finding: Diagnostic) -> String {
        let kind = finding.severity == .note ? "notice" : finding.severity.rawValue
        let place = finding.location
        return
            "::\(kind) file=\(escaped(place.file, isProperty: true)),line=\(place.line),col=\(place.column),"
            + "title=\(finding.code.rawValue)::\(escaped(finding.message))"
    }

    private static func escaped(_ text: String, isProperty: Bool = false) -> String {
        let result = text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing(
            "\n", with: "%0A")
        return isProperty ? result.replacing(":", with: "%3A").replacing(",", with: "%2C") : result
    }
}
