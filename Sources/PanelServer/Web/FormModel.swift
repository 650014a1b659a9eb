import ManifestKit

/// A manifest's form as the template draws it.
struct FormModel {
    let context: [String: Any]

    init(_ manifest: Manifest) {
        let fields = Form(manifest).fields.map(Self.field)
        let sample: JSONValue = [
            "server_id": "SERVER_ID",
            "inputs": .object(
                JSONObject(manifest.inputs.filter(\.isRequired).map { ($0.name.description, "…") })),
        ]
        context = [
            "title": manifest.name, "id": manifest.id.description, "name": manifest.name,
            "version": manifest.version,
            "description": manifest.description, "fields": fields,
            "sample": String(decoding: sample.bytes(), as: UTF8.self),
        ]
    }

    /// A field for the template; what is absent is nil there, for an empty text counts as something.
    private static func field(_ field: Form.Field) -> [String: Any] {
        let value = field.initialValue ?? ""
        var context: [String: Any] = [
            "name": field.name.description, "label": field.label, "value": value,
            "placeholder": field.input.placeholder ?? "", "isRequired": field.input.isRequired,
            "isCheckbox": field.input.type == .boolean, "isSelect": field.input.type == .select,
            "isPlain": field.input.type != .boolean && field.input.type != .select,
            "isChecked": value == "true", "htmlType": field.input.type.htmlType,
        ]
        // Not `description`: where a field has none, the template would find the application's.
        context["hint"] = field.input.description
        context["condition"] = field.input.visibility?.sentence
        context["minValue"] = field.minValue.map { String($0) }
        context["maxValue"] = field.maxValue.map { String($0) }
        context["options"] = (field.input.rules.allowedValues ?? []).map { option in
            ["value": option.value, "label": option.label, "isSelected": option.value == value]
                as [String: Any]
        }
        return context
    }
}

extension Condition {
    /// The condition as a person reads it: `enable_ssl is true`.
    var sentence: String {
        switch self {
        case .all(let conditions): conditions.map(\.sentence).joined(separator: " and ")
        case .isOneOf(let field, let operands):
            "\(field) is "
                + operands.map { operand in
                    switch operand {
                    case .null: "not answered"
                    case .text(let text): text
                    }
                }.joined(separator: " or ")
        }
    }
}

extension InputType {
    fileprivate var htmlType: String {
        switch self {
        case .password: "password"
        case .email: "email"
        case .integer, .port: "number"
        case .string, .boolean, .select: "text"
        }
    }
}
