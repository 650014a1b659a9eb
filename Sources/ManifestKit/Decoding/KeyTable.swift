/// The keys that one map of the schema may hold.
///
/// A key that gains a meaning moves from `planned` to `read`; until then it is an
/// error, because a key that is ignored is a promise that is not kept.
struct KeyTable: Sendable {
    /// Keys the decoder reads.
    let read: Set<String>
    /// Keys that only decorate, and that nothing reads yet.
    var ignored: Set<String> = []
    /// Keys of the schema whose meaning is not implemented yet.
    var planned: Set<String> = []

    /// Every key of the schema, for hints.
    var all: Set<String> { read.union(ignored).union(planned) }

    static let manifest = KeyTable(
        read: [
            "schema_version", "id", "name", "version", "revision", "description", "category", "author",
            "homepage",
            "license", "tags", "stability", "os_requirements", "inputs", "install_script", "timeout_seconds",
            "idempotent", "exit_codes",
        ],
        ignored: ["docs", "changelog", "input_groups"],
        planned: [
            "resource_requirements", "rules", "uninstall_script", "actions", "retry", "env", "services",
            "ports",
            "health", "outputs", "data", "dependencies",
        ])

    static let input = KeyTable(
        read: [
            "name", "type", "label", "description", "placeholder", "required", "default", "validation",
            "allowed_values", "sensitive", "retain", "visible_if", "when_hidden", "env",
        ],
        ignored: ["example", "warning", "unit", "group", "advanced", "deprecated"],
        planned: ["required_if", "readonly_if", "generate", "immutable", "aliases"])

    static let validation = KeyTable(
        read: [
            "pattern", "pattern_error", "min_length", "max_length", "min_value", "max_value",
            "allowed_values", "denied_values",
        ],
        planned: [
            "multiple_of", "min_items", "max_items", "unique_items", "schemes", "privileged", "under",
            "confirm",
        ])

    static let allowedValue = KeyTable(read: ["value", "label", "description"])

    static let operatingSystem = KeyTable(read: [
        "family", "min_version", "max_version", "versions", "arch", "allow_derivatives", "allow_rolling",
    ])

    static let exitCode = KeyTable(read: ["class", "message"])

    /// The types of section 3 that are not implemented yet.
    static let plannedInputTypes: Set<String> = [
        "text", "number", "multiselect", "hostname", "url", "ip", "cidr", "path", "username", "duration",
        "size",
        "timezone", "cron", "ssh_public_key", "date",
    ]

    /// The operators and connectives of section 4 that are not implemented yet.
    static let plannedOperators: Set<String> = [
        "eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "matches", "not_matches", "starts_with",
        "ends_with",
        "contains", "set",
    ]
}
