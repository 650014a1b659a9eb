import Hummingbird

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

extension Query {
    /// What `make` understands, or nil where nothing was given.
    func parsed<Value>(_ name: String, _ wanted: String, _ make: (String) -> Value?) throws -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = make(text) else {
            throw Problem(
                .badRequest, "invalid_parameter", "parameter '\(name)' has to be \(wanted)", field: name)
        }
        return value
    }
}
