/// One step of a YAML document, copied out of libyaml.
struct YAMLEvent {
    /// What the step is.
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart(hasDirectives: Bool)
        case documentEnd
        case alias
        case scalar(String, ScalarStyle)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    let kind: Kind
    let location: SourceMark
    /// Whether the node carries an anchor, as in `&name`.
    let hasAnchor: Bool
    /// Whether the node carries a tag, as in `!!str`.
    let hasTag: Bool
}

/// Why libyaml stopped.
struct YAMLProblem: Error {
    let text: String
    let location: SourceMark
}
