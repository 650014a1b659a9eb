/// Asks again and again until there is a value: for facts outside of this process, which tell nobody that they changed.
///
/// The only wait by the clock that tests have; what happens in this process is awaited as a ``Broadcast``.
///
/// - Throws: ``NeverCame`` where there was none in time, and what `look` throws.
package func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60), _ look: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while true {
        if let value = try await look() { return value }
        guard ContinuousClock.now < end else { throw NeverCame(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Waits until something holds.
package func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ holds: () async throws -> Bool
) async throws {
    try await eventually(what, within: limit) { () -> Void? in try await holds() ? () : nil }
}

/// What a test waited for did not come.
package struct NeverCame: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration

    package var description: String { "within \(limit) there was never \(what)" }
}
