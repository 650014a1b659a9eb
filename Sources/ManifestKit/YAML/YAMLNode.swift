/// A piece of a YAML document with the place it was read from.
struct YAMLNode: Sendable {
    /// What a node is.
    enum Content: Sendable {
        /// A single value: its text, and how it was written.
        case scalar(String, ScalarStyle)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
        /// Something already reported, about which nothing more is to be said.
        case unusable
    }

    let content: Content
    let location: SourceMark

    /// The node's kind, for "… is a list; a map is wanted".
    var kind: String {
        switch content {
        case .scalar: isEmpty ? "empty" : "a single value"
        case .sequence: "a list"
        case .mapping: "a map"
        case .unusable: "unusable"
        }
    }

    /// Whether nothing was written where a value is wanted.
    var isEmpty: Bool {
        if case .scalar("", .plain) = content { true } else { false }
    }

    /// Whether this was already reported.
    var isUnusable: Bool {
        if case .unusable = content { true } else { false }
    }
}

/// How a single value was written.
enum ScalarStyle: Sendable {
    case plain
    case singleQuoted
    case doubleQuoted
    /// Over several lines, after `|` or `>`.
    case block
}

/// One key of a map and what stands under it.
struct YAMLEntry: Sendable {
    let key: String
    let location: SourceMark
    let value: YAMLNode
}
