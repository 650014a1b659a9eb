/// A map of the manifest: the keys it may hold, and what may stand under each.
///
/// The one place for the schema's names. The decoders hold files against it,
/// `docs/manifest.schema.json` is made from it, and `docs/manifest.yml` has to
/// use all of it.
package struct SchemaMap: Sendable {
    /// One key.
    package struct Key: Sendable {
        /// Its name.
        package let name: String
        /// What may stand under it.
        package let value: SchemaValue
        /// One sentence for authors.
        package let summary: String
        /// Whether it may not be absent.
        package let isRequired: Bool

        init(_ name: String, _ value: SchemaValue, _ summary: String, isRequired: Bool = false) {
            self.name = name
            self.value = value
            self.summary = summary
            self.isRequired = isRequired
        }
    }

    /// What the map is called in the JSON Schema.
    package let name: String
    /// Its keys, in the order in which they are told.
    package let keys: [Key]
    /// The keys' names, for suggestions.
    let names: [String]
    /// Those that may not be absent.
    let required: [String]
    private let namesByLength: [[String]]

    init(_ name: String, _ keys: [Key]) {
        self.name = name
        self.keys = keys
        names = keys.map(\.name)
        required = keys.filter(\.isRequired).map(\.name)
        var namesByLength = [[String]](repeating: [], count: (names.map(\.utf8.count).max() ?? 0) + 1)
        for name in names { namesByLength[name.utf8.count].append(name) }
        self.namesByLength = namesByLength
    }

    /// Whether the map may hold `key`; few of its keys are as long as that.
    func knows(_ key: String) -> Bool {
        let length = key.utf8.count
        return length < namesByLength.count && namesByLength[length].contains(key)
    }
}

/// What may stand under a key.
package indirect enum SchemaValue: Sendable {
    /// One line of text, in its source's spelling.
    case text
    /// Text of any number of lines.
    case lines
    /// One of these words.
    case word([String])
    /// A whole number without quotes.
    case integer(ClosedRange<Int>)
    /// `true` or `false` without quotes.
    case boolean
    /// Seconds, or a number with its unit.
    case duration
    /// Any single value; what it has to be follows from another key.
    case scalar
    /// A list.
    case list(SchemaValue)
    /// A map of known keys.
    case map(SchemaMap)
    /// One line of text that a pattern describes as far as a pattern can.
    case spelt(String)
    /// A map whose keys are the author's, each as the pattern describes it; `x-` before a key frees it.
    case names(SchemaValue, keys: String)
    /// A condition.
    case condition
    /// One of several.
    case either([SchemaValue])

    static func words<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> SchemaValue
    where Word.RawValue == String { .word(Word.allCases.map(\.rawValue)) }
}

extension SchemaValue {
    static let inputName = SchemaValue.spelt("^[a-z_][a-z0-9_]{0,62}$")
    static let manifestID = SchemaValue.spelt("^(?!.{64})[a-z0-9](-?[a-z0-9])*$")
    static let variable = "^[A-Z_][A-Z0-9_]{0,127}$"
    static let unit = SchemaValue.spelt("^[A-Za-z0-9:_.\\\\@-]+\\.(service|socket|timer|target|path|mount)$")
    static let address = SchemaValue.spelt("^[Hh][Tt][Tt][Pp][Ss]?://[^\\s]+$")
    static let fullPath = SchemaValue.spelt("^/")
    static let bounds = SchemaValue.spelt("^ *[<>=]=?[0-9][^ ]*( +[<>=]=?[0-9][^ ]*)* *$")
    static let file = SchemaValue.spelt("^[^/]")
}
