/// Reads one document into nodes, event by event, and stops at the event that breaks a limit.
///
/// libyaml has no limit of its own, and is quadratic in nesting. What can be
/// stepped over (a tag, a repeated key) is reported and reading goes on, so that
/// an author sees every finding at once.
struct YAMLReader: ~Copyable {
    /// How deeply lists and maps may be nested.
    static let maximumDepth = 16

    private let source: YAMLEventSource
    private let findings: Findings

    /// The document in `bytes`, or nil if nothing can be made of it.
    static func read(_ bytes: [UInt8], findings: Findings) -> YAMLNode? {
        guard YAMLSource.check(bytes, findings: findings) else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let source = YAMLEventSource(buffer) else {
                findings.error(.yamlSyntax, "there is no memory left to read the file", at: findings.start)
                return nil
            }
            let reader = YAMLReader(source: source, findings: findings)
            do throws(YAMLProblem) {
                return try reader.document()
            } catch {
                if !error.text.isEmpty { reader.report(error, in: buffer) }
                return nil
            }
        }
    }

    private init(source: consuming YAMLEventSource, findings: Findings) {
        self.source = source
        self.findings = findings
    }

    private func document() throws(YAMLProblem) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try source.next()
            switch event.kind {
            case .streamStart, .documentEnd: continue
            case .streamEnd:
                if root == nil {
                    findings.error(
                        .shape, "the file is empty; a manifest is a map of keys", at: findings.start)
                }
                return root
            case .documentStart(let hasDirectives):
                if hasDirectives {
                    findings.error(
                        .yamlDirective, "directives are not allowed in a manifest", at: event.location)
                }
                guard root == nil else {
                    findings.error(
                        .yamlDocuments, "a second document begins here; a manifest is one document",
                        at: event.location)
                    return root
                }
                root = try node(from: try source.next(), depth: 0)
            default: throw stopped(at: event.location)
            }
        }
    }

    private func node(from event: YAMLEvent, depth: Int) throws(YAMLProblem) -> YAMLNode {
        if event.hasTag { findings.error(.yamlTag, "tags are not allowed in a manifest", at: event.location) }
        if event.hasAnchor {
            findings.error(
                .yamlAlias, "anchors and aliases are not allowed in a manifest", at: event.location)
        }
        switch event.kind {
        case .scalar(let text, let style):
            return YAMLNode(content: scalar(text, style, at: event.location), location: event.location)
        case .alias:
            findings.error(
                .yamlAlias, "anchors and aliases are not allowed in a manifest", at: event.location)
            return YAMLNode(content: .unusable, location: event.location)
        case .sequenceStart:
            try checkDepth(depth, at: event.location)
            return YAMLNode(content: .sequence(try elements(depth: depth + 1)), location: event.location)
        case .mappingStart:
            try checkDepth(depth, at: event.location)
            return YAMLNode(content: .mapping(try entries(depth: depth + 1)), location: event.location)
        default: throw stopped(at: event.location)
        }
    }

    private func elements(depth: Int) throws(YAMLProblem) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        elements.reserveCapacity(4)
        while true {
            let event = try source.next()
            if case .sequenceEnd = event.kind { return elements }
            elements.append(try node(from: event, depth: depth))
        }
    }

    private func entries(depth: Int) throws(YAMLProblem) -> [YAMLEntry] {
        var entries = UniqueEntries()
        while true {
            let event = try source.next()
            if case .mappingEnd = event.kind { return entries.list }
            let key = try node(from: event, depth: depth)
            let value = try node(from: try source.next(), depth: depth)
            guard case .scalar(let name, let style) = key.content else {
                if !key.isUnusable {
                    findings.error(.shape, "a key is \(key.kind); keys are texts", at: key.location)
                }
                continue
            }
            if name == "<<", style == .plain {
                findings.error(.yamlMergeKey, "merge keys are not allowed in a manifest", at: key.location)
            } else if let line = entries.line(of: name) {
                findings.error(
                    .duplicateKey,
                    "key \(Diagnostic.quoted(name)) is given twice; it is already on line \(line)",
                    at: key.location)
            } else {
                entries.append(YAMLEntry(key: name, location: key.location, value: value))
            }
        }
    }

    /// The raw file was checked already; this finds what was written as an escape, which only these quotes allow.
    private func scalar(_ text: String, _ style: ScalarStyle, at location: SourceMark) -> YAMLNode.Content {
        guard style == .doubleQuoted, let bad = Characters.forbidden(in: text, ofOneLine: false)
        else { return .scalar(text, style) }
        findings.error(
            .controlCharacter,
            "this text holds \(bad), which may not stand in a manifest",
            at: location)
        return .unusable
    }

    private func checkDepth(_ depth: Int, at location: SourceMark) throws(YAMLProblem) {
        guard depth >= Self.maximumDepth else { return }
        findings.error(.depth, "the file is nested more than \(Self.maximumDepth) levels deep", at: location)
        throw stopped(at: location)
    }

    /// Ends the reading without another finding.
    private func stopped(at location: SourceMark) -> YAMLProblem {
        YAMLProblem(text: "", location: location)
    }

    private func report(_ problem: YAMLProblem, in bytes: UnsafeBufferPointer<UInt8>) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = problem.location.line <= lines.count ? lines[problem.location.line - 1] : bytes[0..<0]
        if problem.text.contains("directive") || problem.text.contains("incompatible") {
            findings.error(.yamlDirective, "directives are not allowed in a manifest", at: problem.location)
        } else if line.dropFirst(problem.location.column - 1).first == UInt8(ascii: "\t") {
            findings.error(
                .yamlSyntax, "a tab indents this line; YAML is indented with spaces", at: problem.location)
        } else if problem.text.hasPrefix("mapping values are not allowed") {
            findings.error(
                .yamlSyntax,
                "a key may not stand here; look at the indentation, and put a text that holds ': ' in quotes",
                at: problem.location)
        } else {
            findings.error(.yamlSyntax, "this is not well-formed YAML: \(problem.text)", at: problem.location)
        }
    }
}

/// The entries of a map as they are read, each key once.
private struct UniqueEntries {
    private(set) var list: [YAMLEntry] = []
    /// The keys' lines, once there are so many that looking through them would take long.
    private var lines: [String: Int] = [:]

    private static let few = 24

    init() { list.reserveCapacity(8) }

    /// The line that already has `key`.
    func line(of key: String) -> Int? {
        list.count <= Self.few ? list.first { $0.key == key }?.location.line : lines[key]
    }

    mutating func append(_ entry: YAMLEntry) {
        list.append(entry)
        if list.count == Self.few + 1 {
            lines = Dictionary(uniqueKeysWithValues: list.map { ($0.key, $0.location.line) })
        } else if list.count > Self.few {
            lines[entry.key] = entry.location.line
        }
    }
}
