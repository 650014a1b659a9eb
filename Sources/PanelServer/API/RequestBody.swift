import HTTPTypes
import Hummingbird
import JobKit
import ManifestKit
import ValidationKit

/// A request's JSON object, read strictly: what is wrong with its members is told all at once.
struct RequestBody {
    /// Bytes a body has at most.
    static let maximum = 1 << 20
    /// Unicode scalars a name or a note of an operator has at most: a sign with accents behind it counts as several.
    private static let noteLength = 500

    /// What moves a terminal, ends a line or turns text around.
    private static let unwritten: Set<Unicode.GeneralCategory> = [
        .control, .format, .lineSeparator, .paragraphSeparator,
    ]

    /// The client's key for this request, or nil.
    let idempotencyKey: IdempotencyKey?

    private var object: JSONObject
    private var items: [Problem.Item] = []

    /// - Parameter mayBeMissing: whether no body at all stands for `{}`.
    init(_ request: Request, mayBeMissing: Bool = false) async throws {
        _ = try Query(request, allowing: [])
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximum {
            throw Problem.bodyTooLarge
        }
        let isJSON = Self.isJSON(request.headers[.contentType])
        guard isJSON || mayBeMissing else { throw Problem.mediaType }
        let buffer = try await request.body.collect(upTo: Self.maximum)
        if mayBeMissing, buffer.readableBytes == 0 {
            object = JSONObject()
            idempotencyKey = nil
            return
        }
        guard isJSON else { throw Problem.mediaType }
        let body: JSONValue
        do {
            body = try JSONValue(parsing: Array(buffer.readableBytesView))
        } catch {
            throw Problem(error)
        }
        guard let object = body.object else {
            throw Problem(.badRequest, "invalid_json", "the body has to be a JSON object")
        }
        self.object = object
        idempotencyKey = try request.idempotencyKey.map { key in
            IdempotencyKey(key, of: [Array(request.uri.path.utf8), body.canonicalBytes()])
        }
    }

    /// Whether nothing is wrong with what was read so far.
    var isGoodSoFar: Bool { items.isEmpty }

    /// Notes what is wrong with a member.
    mutating func refuse(_ name: String, _ code: String, _ message: String) {
        items.append(.init(field: name, code: code, message: message))
    }

    /// A string that has to be there; empty where it is not.
    mutating func string(_ name: String, _ what: String) -> String {
        defer { object[name] = nil }
        if let text = object[name]?.string { return text }
        refuse(name, object[name] == nil ? "required" : "type", "'\(name)' has to be \(what), a string")
        return ""
    }

    /// A line that a person wrote, without anything that would move a terminal; empty where it is not there.
    mutating func line(_ name: String, _ what: String) -> String {
        let text = string(name, what)
        let isLine =
            (1...Self.noteLength).contains(text.unicodeScalars.count)
            && text.unicodeScalars.allSatisfy { !Self.unwritten.contains($0.properties.generalCategory) }
        if isGoodSoFar, !isLine {
            refuse(name, "characters", "'\(name)' has to be one line of 1 to \(Self.noteLength) characters")
        }
        return text
    }

    /// A line that may be missing.
    mutating func optionalLine(_ name: String, _ what: String) -> String? {
        guard let value = object[name], value != .null else {
            object[name] = nil
            return nil
        }
        return line(name, what)
    }

    /// The answers under `inputs`; none where it is missing.
    mutating func inputs() -> RawInputs {
        defer { object["inputs"] = nil }
        guard let value = object["inputs"] else { return RawInputs() }
        guard let object = value.object else {
            refuse("inputs", "type", "'inputs' has to be an object of names and values")
            return RawInputs()
        }
        return RawInputs(object)
    }

    /// Refuses what nobody asked for.
    ///
    /// - Throws: everything that was wrong.
    mutating func finish(_ title: String) throws {
        for name in object.names {
            refuse(name, "unknown_field", "member '\(name.prefix(80))' is not known here")
        }
        guard items.isEmpty else { throw Problem(.badRequest, title, items) }
    }

    /// `application/json`, with UTF-8 or no character set named.
    private static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        let parts = contentType.lowercased().split(separator: ";").map { part in
            part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        }
        return parts.first.map { String($0) } == "application/json"
            && parts.dropFirst().allSatisfy { String($0) == "charset=utf-8" }
    }
}

extension Request {
    /// The text of the `Idempotency-Key`, or nil.
    fileprivate var idempotencyKey: String? {
        get throws {
            guard let name = HTTPField.Name("Idempotency-Key"), let key = headers[name] else { return nil }
            guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw Problem.badKey }
            return key
        }
    }
}
