/// What came of decoding: the value, if there was no error, and every finding.
public struct Decoded<Value: Sendable>: Sendable {
    /// The decoded value; nil if any finding is an error.
    public let value: Value?
    /// All findings, in source order.
    public let diagnostics: [Diagnostic]

    package init(value: Value?, diagnostics: [Diagnostic]) {
        self.value = diagnostics.contains(where: \.isError) ? nil : value
        self.diagnostics = diagnostics
    }
}
