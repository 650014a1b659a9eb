/// The stable name of a kind of finding.
///
/// Tools match on these; sentences may be reworded, names may not.
public enum DiagnosticCode: String, Sendable, CaseIterable, Encodable {
    // The file as bytes and as YAML.
    case size
    case encoding
    case controlCharacter = "control_character"
    case yamlSyntax = "yaml_syntax"
    case yamlAlias = "yaml_alias"
    case yamlTag = "yaml_tag"
    case yamlDirective = "yaml_directive"
    case yamlMergeKey = "yaml_merge_key"
    case yamlDocuments = "yaml_documents"
    case duplicateKey = "duplicate_key"
    case depth
    case limit

    // The manifest's shape.
    case shape
    case missingKey = "missing_key"
    case unknownKey = "unknown_key"
    case format
    case range
    case ambiguousScalar = "ambiguous_scalar"

    // The manifest's meaning.
    case identifier
    case collision
    case reservedName = "reserved_name"
    case rule
    case defaultValue = "default_value"
    case allowedValues = "allowed_values"
    case condition
    case reference
    case operatingSystem = "os_requirements"
    case pattern
    case patternUnsupported = "pattern_unsupported"
    case style

    // The application's folder.
    case folder
    case file
    case script

    /// What findings of this kind are about, in one sentence.
    public var summary: String {
        switch self {
        case .size: "The file is larger than may be read."
        case .encoding: "The file is not UTF-8 without a byte-order mark."
        case .controlCharacter: "The file holds a character that terminals or readers act upon."
        case .yamlSyntax: "The file is not well-formed YAML."
        case .yamlAlias: "Anchors and aliases are not part of the manifest's YAML."
        case .yamlTag: "Tags are not part of the manifest's YAML."
        case .yamlDirective: "Directives are not part of the manifest's YAML."
        case .yamlMergeKey: "Merge keys are not part of the manifest's YAML."
        case .yamlDocuments: "A manifest is one document."
        case .duplicateKey: "A key is given twice in one map."
        case .depth: "The file is nested too deeply."
        case .limit: "The file holds more of something than may be read."
        case .shape: "A map, a list or a single value stands where another of them is wanted."
        case .missingKey: "A key that has no default is absent."
        case .unknownKey: "A key is not part of the schema."
        case .format: "A value is not written as its key wants it."
        case .range: "A value is outside the range of its key."
        case .ambiguousScalar: "A text without quotes means something else to readers of YAML 1.1."
        case .identifier: "A name does not follow the grammar of its kind."
        case .collision: "Two things share a name that has to be unique."
        case .reservedName: "An environment variable's name belongs to the platform or the system."
        case .rule: "A validation rule contradicts itself or does not fit its input's type."
        case .defaultValue: "A default is not acceptable to its own input."
        case .allowedValues: "The allowed values are absent, repeated or not of the input's type."
        case .condition: "A condition cannot be evaluated."
        case .reference: "Something is named that the manifest does not have."
        case .operatingSystem: "The requirements on the operating system cannot be checked."
        case .pattern: "A pattern does not compile."
        case .patternUnsupported: "A pattern uses what browsers and the server would not read alike."
        case .style: "The manifest is right and could be clearer."
        case .folder: "An application's folder cannot be read."
        case .file: "A file of an application's folder may not be there."
        case .script: "A script cannot be run as it is."
        }
    }
}
