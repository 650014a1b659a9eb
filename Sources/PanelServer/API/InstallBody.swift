import HTTPTypes
import Hummingbird
import JobKit
import ManifestKit
import ValidationKit

/// The body of an install request, read strictly: `{"server_id": "agent-001", "inputs": {…}}`.
struct InstallBody {
    /// Bytes a body has at most.
    static let maximum = 1 << 20

    let server: AgentID
    let inputs: RawInputs
    let idempotencyKey: String?

    init(_ request: Request) async throws {
        idempotencyKey = try Self.key(request)
        guard Self.isJSON(request.headers[.contentType]) else { throw Problem.mediaType }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximum {
            throw Problem.bodyTooLarge
        }
        let buffer = try await request.body.collect(upTo: Self.maximum)
        let body: JSONValue
        do {
            body = try JSONValue(parsing: Array(buffer.readableBytesView))
        } catch {
            throw Problem(error)
        }
        guard let object = body.object else {
            throw Problem(.badRequest, "invalid_json", "the body has to be a JSON object")
        }
        var items = object.names.filter { !["server_id", "inputs"].contains($0) }.map { name in
            Problem.Item(
                field: name, code: "unknown_field", message: "member '\(name.prefix(80))' is not known here")
        }
        let name = object["server_id"]?.string
        if name == nil {
            items.append(
                .init(
                    field: "server_id", code: object["server_id"] == nil ? "required" : "type",
                    message: "'server_id' has to be the server's name, a string"))
        }
        let inputs = object["inputs"].map(\.object) ?? JSONObject()
        if inputs == nil {
            items.append(
                .init(
                    field: "inputs", code: "type", message: "'inputs' has to be an object of names and values"
                ))
        }
        guard items.isEmpty, let name, let inputs else {
            throw Problem(.badRequest, "the body is not what an install request has to be", items)
        }
        guard let server = AgentID(name) else { throw Problem.unknownServer(name) }
        self.server = server
        self.inputs = RawInputs(inputs)
    }

    private static func key(_ request: Request) throws -> String? {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else {
            return nil
        }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem.badKey
        }
        return key
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

/// A request's query, each name known and at most once.
struct Query {
    private var values: [String: String] = [:]

    init(_ request: Request, allowing names: Set<String>) throws {
        for (name, value) in request.uri.queryParameters {
            let name = String(name)
            guard names.contains(name) else {
                throw Problem(
                    .badRequest, "unknown_parameter", "parameter '\(name.prefix(80))' is not known here",
                    field: name)
            }
            guard values.updateValue(String(value), forKey: name) == nil else {
                throw Problem(
                    .badRequest, "repeated_parameter", "parameter '\(name)' appears twice", field: name)
            }
        }
    }

    /// The value of that name; one that is empty was not given.
    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The whole number of that name, or nil where there is none.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), range.contains(value), String(value) == text else {
            throw Problem(
                .badRequest, "invalid_parameter",
                "parameter '\(name)' has to be a whole number from \(range.lowerBound) to \(range.upperBound)",
                field: name)
        }
        return value
    }
}
