/// Why bytes are not the JSON this house accepts.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case syntax, encoding, depth
        case duplicateKey = "duplicate_key"
    }

    package let code: Code
    /// Bytes before the place where reading stopped.
    package let offset: Int
    package let message: String

    package var description: String { "\(message) (at byte \(offset))" }
}

extension JSONValue {
    /// Reads exactly one JSON text, strictly as RFC 8259 has it and a little stricter.
    ///
    /// Refused: repeated member names (after escapes are resolved), a byte-order
    /// mark, bytes that are not UTF-8, lone surrogates, trailing bytes, nesting
    /// deeper than `depth`.
    package init(parsing bytes: [UInt8], depth: Int = 32) throws(JSONError) {
        var reader = JSONReader(bytes: bytes, maximumDepth: depth)
        self = try reader.document()
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    let maximumDepth: Int
    /// The most bytes of a member's name.
    private static let maximumNameSize = 256
    var position = 0

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw failure(.encoding, "the text begins with a byte-order mark; send plain UTF-8")
        }
        skipSpace()
        let value = try value(depth: 1)
        skipSpace()
        guard position == bytes.count else {
            throw failure(.syntax, "there is something after the end of the JSON text")
        }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard let byte = peek else { throw failure(.syntax, "the JSON text ends too early") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure(.syntax, "a JSON value was expected here")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= maximumDepth else {
            throw failure(.depth, "nested deeper than \(maximumDepth) levels")
        }
        position += 1
        var object = JSONObject()
        var seen: Set<[UInt8]> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(object) }
        repeat {
            skipSpace()
            let start = position
            guard peek == UInt8(ascii: "\"") else {
                throw failure(.syntax, "a member name in double quotes was expected here")
            }
            let name = try string()
            // Readers compare names, and Swift takes its time with thousands of marks on one letter.
            guard name.utf8.count <= Self.maximumNameSize else {
                position = start
                throw failure(.syntax, "a member name has more than \(Self.maximumNameSize) bytes")
            }
            guard seen.insert(Array(name.utf8)).inserted else {
                position = start
                throw failure(.duplicateKey, "member '\(name)' appears twice")
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure(.syntax, "a colon was expected here") }
            skipSpace()
            object.append(unique: name, try value(depth: depth + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else {
            throw failure(.syntax, "a comma or a closing brace was expected here")
        }
        return .object(object)
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= maximumDepth else {
            throw failure(.depth, "nested deeper than \(maximumDepth) levels")
        }
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else {
            throw failure(.syntax, "a comma or a closing bracket was expected here")
        }
        return .array(elements)
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let end = position + text.utf8CodeUnitCount
        let matches =
            end <= bytes.count
            && text.withUTF8Buffer { $0.elementsEqual(bytes[position..<end]) }
        guard matches else { throw failure(.syntax, "a JSON value was expected here") }
        position = end
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure(.syntax, "a digit was expected here") }
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        var decoded: [UInt8]?
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                let content = decoded ?? Array(bytes[start..<position])
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw failure(.encoding, "a string is not valid UTF-8")
                }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                if decoded == nil { decoded = Array(bytes[start..<position]) }
                let scalar = try escape()
                decoded?.append(contentsOf: Array(String(scalar).utf8))
            case 0x00..<0x20:
                throw failure(.syntax, "a control character in a string has to be escaped")
            default:
                decoded?.append(byte)
                position += 1
            }
        }
        throw failure(.syntax, "a string does not end")
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        position += 1
        guard let byte = peek else { throw failure(.syntax, "a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure(.syntax, "there is no such escape in JSON")
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let high = try hexQuad()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard (0xD800..<0xDC00).contains(high), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw failure(.encoding, "a lone surrogate is no character")
        }
        let low = try hexQuad()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(high - 0xD800) << 10) + UInt32(low - 0xDC00))
        else { throw failure(.encoding, "a lone surrogate is no character") }
        return scalar
    }

    private mutating func hexQuad() throws(JSONError) -> UInt16 {
        guard position + 4 <= bytes.count else {
            throw failure(.syntax, "four hexadecimal digits were expected here")
        }
        var value: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure(.syntax, "four hexadecimal digits were expected here")
            }
            value = value << 4 | UInt16(digit)
        }
        position += 4
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func failure(_ code: JSONError.Code, _ message: String) -> JSONError {
        JSONError(code: code, offset: position, message: message)
    }
}
