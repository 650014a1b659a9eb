import ManifestKit
import ValidationKit

/// A manifest's form as the template draws it.
struct FormModel {
    let context: [String: Any]

    init(_ manifest: Manifest) {
        let form = Form(manifest)
        // No server is chosen on this page: what a condition asks of one is not known.
        let data: JSONValue = ["form": form.json, "context": FormContext().json]
        let sample: JSONValue = [
            "server_id": "SERVER_ID",
            "inputs": .object(
                JSONObject(manifest.inputs.filter(\.isRequired).map { ($0.name.description, "…") })),
        ]
        context = [
            "title": manifest.name, "id": manifest.id.description, "name": manifest.name,
            "version": manifest.version,
            "description": manifest.description, "sections": Self.sections(form), "formData": data.scriptText,
            "sample": String(decoding: sample.bytes(), as: UTF8.self),
        ]
    }

    /// The fields in their order, those of a group together where its first one stands.
    private static func sections(_ form: Form) -> [[String: Any]] {
        var sections: [(group: InputGroup?, fields: [Form.Field])] = []
        for field in form.fields {
            let group = form.groups.first { $0.id == field.input.display.group }
            let known = sections.lastIndex { $0.group?.id == group?.id }
            if let known, group != nil || known == sections.count - 1 {
                sections[known].fields.append(field)
            } else {
                sections.append((group, [field]))
            }
        }
        return sections.map { group, fields in
            var section: [String: Any] = ["fields": fields.map(Self.field)]
            if let group {
                var heading = ["id": group.id, "legend": group.label]
                heading["about"] = group.description
                section["group"] = heading
            }
            return section
        }
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

extension JSONValue {
    /// The value for a `<script>` of data: nothing in it can end the block, or begin markup.
    ///
    /// What is replaced stands within strings alone, where every reader takes the escape for the character.
    var scriptText: String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes(), as: UTF8.self).unicodeScalars {
            switch scalar {
            case "<", ">", "&", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                let zeros = String(repeating: "0", count: 4 - digits.count)
                text.append(contentsOf: "\\u\(zeros)\(digits)".unicodeScalars)
            default: text.append(scalar)
            }
        }
        return String(text)
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
