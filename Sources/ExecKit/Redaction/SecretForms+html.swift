/// How HTML and XML spell a value, with the habits of the common escapers.
extension SecretForms {
    static func html(_ bytes: [UInt8]) -> [[UInt8]] {
        let text = escape(bytes) { byte in
            switch byte {
            case UInt8(ascii: "&"): Array("&amp;".utf8)
            case UInt8(ascii: "<"): Array("&lt;".utf8)
            case UInt8(ascii: ">"): Array("&gt;".utf8)
            default: nil
            }
        }
        return ["\"", "&quot;", "&#34;"].flatMap { double in
            ["'", "&#39;", "&#x27;", "&#039;", "&apos;"].map { single in
                escape(text) { byte in
                    switch byte {
                    case UInt8(ascii: "\""): Array(double.utf8)
                    case UInt8(ascii: "'"): Array(single.utf8)
                    default: nil
                    }
                }
            }
        }
    }
}
