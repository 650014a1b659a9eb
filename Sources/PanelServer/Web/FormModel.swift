import ManifestKit

/// A manifest's form as the template draws it.
struct FormModel {
    let context: [String: Any]

    init(_ manifest: Manifest) {
        let form = Form(manifest)
        let sample: JSONValue = [
            "server_id": "SERVER_ID",
            "inputs": .object(
                JSONObject(manifest.inputs.filter(\.isRequired).map { ($0.name.description, "…") })),
        ]
        context = [
            "title": manifest.name, "id": manifest.id.description, "name": manifest.name,
            "version": manifest.version,
            "description": manifest.description, "fields": form.fields.map(Self.field),
            "form": String(decoding: form.json.bytes(), as: UTF8.self),
            "sample": String(decoding: sample.bytes(), as: UTF8.self),
        ]
    }

    /// A field for the template; what is absent is nil there, for an empty text counts as something.
    private static func field(_ field: Form.Field) -> [String: Any] {
        let value = field.initialValue ?? ""
        var context: [String: Any] = [
            "name": field.name.description, "label": field.label, "value": value,
            "placeholder": field.input.display.placeholder ?? "", "isRequired": field.input.isRequired,
            "isCheckbox": field.input.type == .boolean, "isSelect": field.input.type == .select,
            "isMultiple": field.input.type == .multiselect, "isText": field.input.type == .text,
            "isPlain": ![.boolean, .select, .multiselect, .text].contains(field.input.type),
            "isChecked": value == "true", "htmlType": field.input.type.htmlType,
        ]
        // Not `description`: where a field has none, the template would find the application's.
        context["hint"] = field.input.display.description
        context["condition"] = field.input.visibility?.sentence
        context["minValue"] = field.minValue?.description
        context["maxValue"] = field.maxValue?.description
        let chosen =
            field.input.type == .multiselect ? value.split(separator: ",").map { String($0) } : [value]
        context["options"] = (field.input.rules.allowedValues ?? []).map { option in
            ["value": option.value, "label": option.label, "isSelected": chosen.contains(option.value)]
                as [String: Any]
        }
        return context
    }
}

extension InputType {
    fileprivate var htmlType: String {
        switch self {
        case .password: "password"
        case .email: "email"
        case .integer, .port, .number: "number"
        case .url: "url"
        case .date: "date"
        default: "text"
        }
    }
}
