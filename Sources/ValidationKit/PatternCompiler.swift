import ManifestKit

/// Compiles the patterns of one manifest, which share time and memory.
struct PatternCompiler {
    /// The most bytes that one pattern may be compiled to, and all patterns of a manifest together.
    private static let maximumSize = 32 * 1024
    private static let maximumTotalSize = 4 * 1024 * 1024

    private let share: Int
    private var size = 0

    /// A compiler for all patterns of `manifest`.
    init(for manifest: Manifest) {
        let all = manifest.inputs + manifest.actions.flatMap(\.ownInputs)
        let inputs = all.count { $0.rules.pattern != nil }
        share = inputs + manifest.conditionPatterns.count
    }

    /// Whether there is no room for another pattern.
    var isFull: Bool { size > Self.maximumTotalSize }

    /// The pattern that `source` spells.
    mutating func compile(_ source: String) throws(PatternError) -> Pattern {
        let pattern = try Pattern(source, share: share)
        size += pattern.size
        if isFull {
            throw PatternError(.malformed, at: 0, "is one of too many: together they take too much memory")
        }
        guard pattern.size <= Self.maximumSize else {
            throw PatternError(
                .malformed, at: 0, "takes too much memory (\(pattern.size) bytes) once compiled")
        }
        return pattern
    }
}
