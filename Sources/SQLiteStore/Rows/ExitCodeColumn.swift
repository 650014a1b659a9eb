import ManifestKit

/// The meanings a manifest gives to exit codes, as JSON by code: `{"5":{"class":…,"message":…}}`.
enum ExitCodeColumn {
    static func text(_ meanings: [Int: ExitCodeMeaning]) -> String {
        let members = meanings.map { code, meaning in
            let value: JSONValue = [
                "class": .string(meaning.class.rawValue), "message": .string(meaning.message),
            ]
            return (String(code), value)
        }
        return String(decoding: JSONValue.object(JSONObject(members)).canonicalBytes(), as: UTF8.self)
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> [Int: ExitCodeMeaning] {
        let members = try row.members { value -> ExitCodeMeaning? in
            guard let object = value.object, let message = object["message"]?.string,
                let kind = object["class"]?.string.flatMap(ExitCodeMeaning.Class.init)
            else { return nil }
            return ExitCodeMeaning(kind, message: message)
        }
        var meanings: [Int: ExitCodeMeaning] = [:]
        for (name, meaning) in members {
            guard let code = Int(name) else {
                throw StoreError(.damaged, "column 'exitCodes' of the record names a code that is no number")
            }
            meanings[code] = meaning
        }
        return meanings
    }
}
