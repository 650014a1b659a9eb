extension SchemaMap {
    /// One entry of `inputs`.
    package static let input = SchemaMap(
        "input",
        [
            Key(
                "name", .inputName, "The input's name: a small letter or underscore, then these and digits.",
                isRequired: true),
            Key("type", .words(InputType.self), "What kind of value it takes.", isRequired: true),
            Key("label", .text, "What a person reads beside the field."),
            Key("description", .lines, "More about it."),
            Key("placeholder", .text, "What an empty field shows."),
            Key("example", .text, "A value that would do."),
            Key("warning", .text, "What to think of before answering."),
            Key("unit", .text, "What the number counts."),
            Key("group", .inputName, "The heading it stands below: an id of input_groups."),
            Key("advanced", .boolean, "Whether most people need not see it."),
            Key(
                "required", .boolean,
                "Whether it has to be answered; true unless it has a default or generate."),
            Key("required_if", .condition, "When it has to be answered."),
            Key("visible_if", .condition, "When it is asked."),
            Key("readonly_if", .condition, "When it keeps the value it has."),
            Key("default", .scalar, "The value that stands in for a missing answer."),
            Key("generate", .map(.generate), "How a value is made where none is given."),
            Key("validation", .map(.validation), "What a value has to satisfy beyond its type."),
            Key(
                "allowed_values", allowedValues,
                "The only values there are; needed for select and multiselect."),
            Key("sensitive", .boolean, "Whether the value is sealed and masked; true for password."),
            Key("retain", .words(InputField.Retention.self), "How long a sensitive value is kept."),
            Key(
                "immutable", .words(InputField.Immutability.self),
                "Whether a later configure may not change it."),
            Key("env", .spelt(SchemaValue.variable), "The variable; the name in capitals unless given."),
            Key(
                "when_hidden", .words(InputField.HiddenValue.self), "What the script sees while it is hidden."
            ),
            Key("aliases", .list(.inputName), "Names it had before, which are still answered to."),
            Key("deprecated", .either([.boolean, .text]), "Whether it goes away, or what to use instead."),
        ])

    private static let allowedValues = SchemaValue.list(.either([.scalar, .map(.allowedValue)]))

    static let allowedValue = SchemaMap(
        "allowed_value",
        [
            Key("value", .scalar, "The value as scripts see it.", isRequired: true),
            Key("label", .text, "What a person reads."),
            Key("description", .lines, "More about it."),
        ])

    static let generate = SchemaMap(
        "generate",
        [
            Key("kind", .words(GenerationRule.Kind.self), "What is made.", isRequired: true),
            Key("length", .integer(4...1024), "How many characters; 24 for password, 32 for hex and base64."),
            Key("alphabet", .text, "The characters a password is made of."),
        ])

    static let validation = SchemaMap(
        "validation",
        [
            Key("pattern", .text, "What the whole value has to match."),
            Key("pattern_error", .text, "What a person reads where it does not."),
            Key("min_length", .integer(0...InputType.maximumSize), "The fewest characters."),
            Key("max_length", .integer(0...InputType.maximumSize), "The most characters."),
            Key("min_value", .scalar, "The smallest number, duration or size."),
            Key("max_value", .scalar, "The largest number, duration or size."),
            Key("multiple_of", .scalar, "The step between numbers."),
            Key("allowed_values", allowedValues, "The only values there are."),
            Key("denied_values", .list(.scalar), "Values that are refused."),
            Key("min_items", .integer(0...10_000), "multiselect: the fewest items."),
            Key("max_items", .integer(0...10_000), "multiselect: the most items."),
            Key("unique_items", .boolean, "multiselect: whether no item may come twice."),
            Key("schemes", .list(.text), "url: the schemes; http and https unless given."),
            Key(
                "privileged", .words(InputRules.Privilege.self),
                "port: what of ports below 1024; allow unless given."),
            Key("under", .list(.fullPath), "path: the folders it has to be in."),
            Key("confirm", .boolean, "password: whether it is asked twice."),
            Key("charset", .words(InputRules.Charset.self), "string, text and path: ascii unless given."),
        ])
}
