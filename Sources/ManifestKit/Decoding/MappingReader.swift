/// A text and the place it was written at.
struct LocatedText: Sendable {
    let text: String
    let style: ScalarStyle
    let location: SourceMark
}

/// Typed reads from one map of the file; what does not fit is reported and read as absent.
struct MappingReader {
    /// How many lines a text may have.
    enum Lines {
        case one
        case many
    }

    let location: SourceMark
    let entries: [YAMLEntry]
    /// ` of input 'https_port'`, or nothing at the top.
    let owner: String
    let findings: Findings

    /// A reader of `node`, whose keys are held against `schema`; nil if it is no map.
    ///
    /// - Parameters:
    ///   - place: what findings about its keys name as their owner, where that is not `owner`.
    ///   - neighbour: another map that a key may have been meant for, and how to say that it belongs there.
    init?(
        _ node: YAMLNode, keys schema: SchemaMap?, name: String, owner: String = "", place: String? = nil,
        neighbour: (keys: SchemaMap, hint: String)? = nil, findings: Findings
    ) {
        guard case .mapping(let entries) = node.content else {
            if !node.isUnusable {
                let found = node.isEmpty ? "has no value" : "is \(node.kind)"
                findings.error(.shape, "\(name)\(owner) \(found); a map is wanted", at: node.location)
            }
            return nil
        }
        self.location = node.location
        self.entries = entries
        self.owner = place ?? owner
        self.findings = findings
        if let schema { check(against: schema, neighbour) }
    }

    private func check(against schema: SchemaMap, _ neighbour: (keys: SchemaMap, hint: String)?) {
        for entry in entries where !schema.knows(entry.key) && !entry.key.hasPrefix("x-") {
            let isMisplaced = neighbour?.keys.knows(entry.key) ?? false
            let hint =
                isMisplaced ? neighbour?.hint ?? "" : findings.hint(for: entry.key, among: schema.names)
            let message = "unknown key \(Diagnostic.quoted(entry.key))\(owner)\(hint)"
            if findings.isLenient {
                findings.warning(.unknownKey, message, at: entry.location)
            } else {
                findings.error(.unknownKey, message, at: entry.location)
            }
        }
        for key in schema.required { require(key) }
    }

    /// The entries of a map whose keys are names of the author's: those that begin with `x-` are free.
    var named: [YAMLEntry] { entries.filter { !$0.key.utf8.starts(with: "x-".utf8) } }

    /// What stands under `key`, or nil if it is absent or was reported.
    func node(_ key: String) -> YAMLNode? {
        guard let index = index(of: key), !entries[index].value.isUnusable else { return nil }
        return entries[index].value
    }

    func has(_ key: String) -> Bool { index(of: key) != nil }

    /// Where `key` stands; most keys differ in length already, which is told at once.
    private func index(of key: String) -> Int? {
        let length = key.utf8.count
        return entries.firstIndex { $0.key.utf8.count == length && $0.key == key }
    }

    /// Reports each absent key of `keys`.
    func require(_ keys: String...) {
        for key in keys where !has(key) {
            findings.error(.missingKey, "key '\(key)'\(owner) is missing", at: location)
        }
    }

    // MARK: Single values

    /// The text as it was written; `warns` where other readers of YAML would see no text.
    func text(_ key: String, lines: Lines = .one, warns: Bool = true) -> LocatedText? {
        node(key).flatMap { text(of: $0, name: "'\(key)'\(owner)", lines: lines, warns: warns) }
    }

    /// The text of `node`; `isFree` where any text would do, an empty one among them.
    func text(
        of node: YAMLNode, name: @autoclosure () -> String, lines: Lines = .one, warns: Bool = true,
        isFree: Bool = true
    ) -> LocatedText? {
        guard case .scalar(let text, let style) = node.content else {
            if !node.isUnusable {
                findings.error(.shape, "\(name()) is \(node.kind); a text is wanted", at: node.location)
            }
            return nil
        }
        guard !node.isEmpty else {
            let cure = isFree ? "; write '' for an empty text" : ""
            findings.error(.shape, "\(name()) has no value\(cure)", at: node.location)
            return nil
        }
        if lines == .one, let bad = Characters.forbidden(in: text, ofOneLine: true) {
            findings.error(
                .controlCharacter, "\(name()) is one line of text and may not hold \(bad)",
                at: node.location)
            return nil
        }
        if warns { AmbiguousScalar.warn(about: text, style, at: node.location, findings) }
        return LocatedText(text: text, style: style, location: node.location)
    }

    /// `true` or `false`, written without quotes.
    func bool(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        switch node.content {
        case .scalar("true", .plain): return true
        case .scalar("false", .plain): return false
        default:
            findings.error(
                .format, "'\(key)'\(owner) is \(shown(node)); write true or false, without quotes",
                at: node.location)
            return nil
        }
    }

    /// A decimal whole number in `range`, written without quotes.
    func integer<Value: FixedWidthInteger>(_ key: String, in range: ClosedRange<Value>) -> Value? {
        guard let node = node(key) else { return nil }
        let wanted =
            switch range {
            case Value.min...Value.max: "a whole number"
            case range.lowerBound...range.lowerBound: "\(range.lowerBound)"
            default: "a whole number from \(range.lowerBound) to \(range.upperBound)"
            }
        guard case .scalar(let text, .plain) = node.content, let value = Value(exactDecimal: text) else {
            let isQuoted =
                if case .scalar(let text, let style) = node.content {
                    style != .plain && Value(text) != nil
                } else { false }
            findings.error(
                .format,
                "'\(key)'\(owner) is \(shown(node)); write \(wanted)\(isQuoted ? ", without quotes" : "")",
                at: node.location)
            return nil
        }
        guard range.contains(value) else {
            findings.error(.range, "'\(key)'\(owner) is \(shown(node)); write \(wanted)", at: node.location)
            return nil
        }
        return value
    }

    /// One of the words of `Value`, but for one that may not be written.
    func word<Value: RawRepresentable & CaseIterable & Equatable>(
        _ key: String, _: Value.Type, except excluded: Value? = nil
    ) -> Value? where Value.RawValue == String {
        guard has(key) else { return nil }
        let values = Value.allCases.filter { $0 != excluded }
        return word(key, among: values.map(\.rawValue)).flatMap { Value(rawValue: $0) }
    }

    /// One of the words of `known`.
    func word(_ key: String, among known: [String]) -> String? {
        guard let text = spelling(key) else { return nil }
        if let word = known.first(where: { $0.hasSameBytes(as: text.text) }) { return word }
        findings.error(
            .format,
            "'\(key)'\(owner) is \(shown(text)); write \(Self.alternatives(known))"
                + findings.hint(for: text.text, among: known),
            at: text.location)
        return nil
    }

    /// Whole seconds, or a number with its unit, in `range`.
    func duration(_ key: String, in range: ClosedRange<Int64>) -> Int? {
        guard let text = spelling(key) else { return nil }
        guard let seconds = DurationValue.seconds(of: text.text) else {
            findings.error(
                .format,
                "'\(key)'\(owner) is \(shown(text)); write seconds, or as '90s', '10m', '2h', '7d'",
                at: text.location)
            return nil
        }
        guard range.contains(seconds) else {
            findings.error(
                .range,
                "'\(key)'\(owner) is \(Diagnostic.quoted(text.text)); write \(range.lowerBound) to \(range.upperBound) seconds",
                at: text.location)
            return nil
        }
        return Int(seconds)
    }

    /// The text of a key that has a grammar; nothing at all is a text here, for the grammar to refuse.
    private func spelling(_ key: String) -> LocatedText? {
        guard let node = node(key) else { return nil }
        if node.isEmpty { return LocatedText(text: "", style: .plain, location: node.location) }
        return text(of: node, name: "'\(key)'\(owner)", warns: false)
    }

    /// A path inside the application's folder.
    func file(_ key: String) -> LocatedText? {
        guard let node = node(key), let text = text(of: node, name: "'\(key)'\(owner)", isFree: false) else {
            return nil
        }
        guard RelativePath.isWellFormed(text.text) else {
            findings.error(
                .file,
                "\(key) \(Diagnostic.quoted(text.text))\(owner) is not a path inside the application's folder",
                at: text.location)
            return nil
        }
        return text
    }

    /// A name of small letters, digits and underscores.
    func name(_ key: String, _ what: String) -> InputName? {
        guard let node = node(key),
            let text = text(of: node, name: "'\(key)'\(owner)", warns: false, isFree: false)
        else { return nil }
        if let name = InputName(text.text) { return name }
        findings.error(
            .identifier, "\(what) \(Diagnostic.quoted(text.text)) \(InputName.predicate)", at: text.location)
        return nil
    }

    // MARK: Maps

    /// The reader of the map under `key`.
    func map(
        _ key: String, keys schema: SchemaMap?, neighbour: (keys: SchemaMap, hint: String)? = nil
    ) -> MappingReader? {
        node(key).flatMap {
            MappingReader(
                $0, keys: schema, name: "'\(key)'", owner: owner,
                place: owner.isEmpty ? " of '\(key)'" : owner, neighbour: neighbour, findings: findings)
        }
    }

    /// The readers of the maps in the list under `key`.
    func maps(_ key: String, keys schema: SchemaMap, atMost maximum: Int = 100) -> [MappingReader] {
        elements(key, atMost: maximum)?.compactMap { node in
            let name = "an entry of '\(key)'"
            guard case .mapping = node.content else {
                return MappingReader(node, keys: nil, name: name, owner: owner, findings: findings)
            }
            return MappingReader(
                node, keys: schema, name: "it", owner: " of \(name)\(owner)", findings: findings)
        } ?? []
    }

    // MARK: Lists

    /// The elements of the list under `key`, at most `maximum`; nil if it is absent or no list.
    func elements(_ key: String, atMost maximum: Int) -> [YAMLNode]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let elements) = node.content else {
            let found = node.isEmpty ? "has no value; write [] for none" : "is \(node.kind); a list is wanted"
            findings.error(.shape, "'\(key)'\(owner) \(found)", at: node.location)
            return nil
        }
        guard elements.count <= maximum else {
            findings.error(
                .limit, "'\(key)'\(owner) has \(elements.count) entries; at most \(maximum) are read",
                at: node.location)
            return nil
        }
        return elements
    }

    /// The texts of the list under `key`, one line each.
    func texts(_ key: String, atMost maximum: Int = 100) -> [LocatedText]? {
        elements(key, atMost: maximum)?.compactMap { text(of: $0, name: "an entry of '\(key)'\(owner)") }
    }

    // MARK: Wording

    /// The node as a sentence shows it.
    func shown(_ node: YAMLNode) -> String {
        if case .scalar(let text, _) = node.content, !node.isEmpty { return Diagnostic.quoted(text) }
        return node.kind
    }

    private func shown(_ text: LocatedText) -> String {
        text.style == .plain && text.text.isEmpty ? "empty" : Diagnostic.quoted(text.text)
    }

    /// `a, b or c`.
    static func alternatives(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}

extension FixedWidthInteger {
    /// The number that `text` spells in exactly one way: no sign but a minus, no leading zero, no space.
    package init?(exactDecimal text: String) {
        guard let value = Self(text), String(value).hasSameBytes(as: text) else { return nil }
        self = value
    }
}
