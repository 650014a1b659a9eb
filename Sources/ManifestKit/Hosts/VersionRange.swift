/// Bounds on a version: `>=11 <14`.
public struct VersionRange: Sendable, CustomStringConvertible {
    /// How a version is compared with a bound.
    enum Comparison: String, Sendable, CaseIterable {
        // The longer spellings first: the first that fits is taken.
        case atLeast = ">="
        case atMost = "<="
        case greater = ">"
        case less = "<"
        case equal = "="
    }

    struct Bound: Sendable {
        let comparison: Comparison
        let version: ManifestVersion
    }

    let bounds: [Bound]

    init(bounds: [Bound]) { self.bounds = bounds }

    /// The range that `text` spells: bounds with spaces between them, each a sign and a version.
    public init?(_ text: String) {
        var bounds: [Bound] = []
        for word in text.split(separator: " ") {
            guard let comparison = Comparison.allCases.first(where: { word.hasPrefix($0.rawValue) }) else {
                return nil
            }
            let rest = word.dropFirst(comparison.rawValue.count)
            guard rest.utf8.first.map(ASCII.isDigit) == true, let version = ManifestVersion(String(rest))
            else {
                return nil
            }
            bounds.append(Bound(comparison: comparison, version: version))
        }
        guard !bounds.isEmpty else { return nil }
        self.bounds = bounds
    }

    /// The bounds as they are written in a manifest.
    public var description: String {
        bounds.map { $0.comparison.rawValue + $0.version.description }.joined(separator: " ")
    }

    /// Whether the bounds contradict each other.
    ///
    /// Of the versions that there could be only the bounds themselves are tried, and something just above each.
    var isEmpty: Bool {
        let above = bounds.compactMap { ManifestVersion($0.version.description + ".0.1") }
        return !(bounds.map(\.version) + above).contains(where: contains)
            && bounds.contains { bound in
                bound.comparison == .atLeast || bound.comparison == .greater || bound.comparison == .equal
            }
    }

    /// Whether `version` is inside every bound.
    public func contains(_ version: ManifestVersion) -> Bool {
        bounds.allSatisfy { bound in
            switch bound.comparison {
            case .atLeast: version >= bound.version
            case .atMost: version <= bound.version
            case .greater: version > bound.version
            case .less: version < bound.version
            case .equal: version == bound.version
            }
        }
    }
}
