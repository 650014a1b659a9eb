/// What kind of value an input takes.
public enum InputType: String, Sendable, CaseIterable {
    /// One line of text.
    case string
    /// Text of many lines.
    case text
    /// A whole number of 64 bits.
    case integer
    /// A number with or without a fraction.
    case number
    /// `true` or `false`.
    case boolean
    /// One line of text that is never shown again.
    case password
    /// One of the listed values.
    case select
    /// Some of the listed values.
    case multiselect
    /// An address for mail.
    case email
    /// The number of a TCP or UDP port.
    case port
    /// The name of a host, with or without a domain.
    case hostname
    /// An address of the web, or of another scheme that the input lists.
    case url
    /// An IPv4 or IPv6 address.
    case ip
    /// An IPv4 or IPv6 address with the length of its network's prefix.
    case cidr
    /// A full path.
    case path
    /// The name of a Unix account.
    case username
    /// A length of time; scripts see seconds.
    case duration
    /// An amount of memory or disk; scripts see bytes.
    case size
    /// The name of a time zone, as in `Europe/Berlin`.
    case timezone
    /// When to run something: the five fields of cron, or one of its nicknames.
    case cron
    /// A public key as OpenSSH writes it.
    case sshPublicKey = "ssh_public_key"
    /// A day of the calendar, as in `2026-02-28`.
    case date
}

/// How two values of one kind compare.
package enum ValueKind: Sendable, Hashable {
    /// By their bytes; no order.
    case text
    /// As decimal numbers.
    case number
    /// `true` or `false`; no order.
    case boolean
    /// As versions, part by part.
    case version
    /// By the calendar.
    case date
    /// A list, which holds its items; no order.
    case list
}

extension InputType {
    /// How two values compare.
    package var kind: ValueKind {
        switch self {
        case .integer, .number, .port, .duration, .size: .number
        case .boolean: .boolean
        case .date: .date
        case .multiselect: .list
        case .string, .text, .password, .select, .email, .hostname, .url, .ip, .cidr, .path, .username,
            .timezone, .cron, .sshPublicKey:
            .text
        }
    }

    /// Whether YAML's numbers and booleans are no values of this type.
    package var isText: Bool { kind != .number && kind != .boolean }

    /// Whether spaces around a value go away.
    ///
    /// Never those of a password, which would change it unseen; and a number, a
    /// boolean or a listed value is spelt exactly.
    package var isTrimmed: Bool {
        switch self {
        case .password, .text, .select, .multiselect: false
        default: kind == .text || kind == .date
        }
    }

    /// Whether the length of the text can be limited, and a pattern asked of it.
    package var takesTextRules: Bool {
        switch self {
        case .string, .text, .password, .email, .hostname, .url, .path, .username: true
        default: false
        }
    }

    /// Whether a smallest and a largest number can be given.
    package var takesNumberRules: Bool { kind == .number }

    /// Whether a step between numbers can be given.
    package var takesSteps: Bool { kind == .number && self != .port }

    /// Whether values can be listed, as allowed or as denied.
    package var takesListedValues: Bool { self != .boolean && self != .password && self != .text }

    /// Whether the manifest has to list the values.
    package var needsListedValues: Bool { self == .select || self == .multiselect }

    /// Whether characters beyond ASCII can be let in.
    package var takesCharset: Bool { self == .string || self == .text || self == .path }
}
