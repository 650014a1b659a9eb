/// How the values of one input type are spelt.
///
/// Nothing is coerced: `08080`, `+1` and `yes` are refused, not repaired.
package protocol ValueGrammar {
    /// The one spelling that scripts are given of `text`, or why it is no value of this type.
    ///
    /// `text` has no character that its type forbids, and no space around it where
    /// the type trims.
    static func canonicalText(of text: String) throws(ValueProblem) -> String
}

extension InputType {
    /// The largest value of any input, in bytes.
    package static let maximumSize = 32 * 1024

    /// How the type's values are spelt.
    private var grammar: any ValueGrammar.Type {
        switch self {
        case .string, .text, .select: TextValue.self
        case .integer: IntegerValue.self
        case .number: NumberValue.self
        case .boolean: BooleanValue.self
        case .password: PasswordValue.self
        case .multiselect: ListValue.self
        case .email: EmailValue.self
        case .port: PortValue.self
        case .hostname: HostnameValue.self
        case .url: URLValue.self
        case .ip: IPAddressValue.self
        case .cidr: CIDRValue.self
        case .path: PathValue.self
        case .username: UsernameValue.self
        case .duration: DurationValue.self
        case .size: SizeValue.self
        case .timezone: TimeZoneValue.self
        case .cron: CronValue.self
        case .sshPublicKey: SSHPublicKeyValue.self
        case .date: DateValue.self
        }
    }

    /// The one spelling that scripts are given of `text`, or why it is no value of this type.
    package func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard text.utf8.count <= Self.maximumSize else {
            throw ValueProblem(.size, "is longer than \(Self.maximumSize) bytes")
        }
        try checkCharacters(of: text)
        return try grammar.canonicalText(of: isTrimmed ? text.trimmed : text)
    }

    /// Most values are printable ASCII, which a look at the bytes shows.
    private func checkCharacters(of text: String) throws(ValueProblem) {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return }
        guard let bad = Characters.forbidden(in: text, ofOneLine: self != .text) else { return }
        throw ValueProblem(
            .characters,
            "holds \(bad), which " + (self == .text ? "no text may hold" : "one line of text may not hold"))
    }
}

/// Text that has no grammar of its own.
enum TextValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String { text }
}
