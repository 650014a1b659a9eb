/// Asks again and again until there is a value: for facts outside of this process, which tell nobody that they changed.
///
/// Tests wait by the clock here alone; what happens in this process is awaited as a ``Broadcast``.
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

/// Looks again and again for a while: for what must not happen meanwhile.
///
/// - Throws: ``DidNotHold`` where it once did not hold, and what `holds` throws.
package func throughout(
    _ what: String, for time: Duration, _ holds: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end {
        guard try await holds() else { throw DidNotHold(what: what) }
        try await Task.sleep(for: .milliseconds(50))
    }
}

/// Lets time pass: for races, where the moment itself is what is tried.
///
/// Nothing may be taken for done afterwards.
package func letPass(_ time: Duration) async throws { try await Task.sleep(for: time) }

/// What was to hold for a while did not.
package struct DidNotHold: Error, CustomStringConvertible {
    package let what: String

    package var description: String { "it did not hold for the whole time: \(what)" }
}

/// What a test waited for did not come.
package struct NeverCame: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration

    package var description: String { "within \(limit) there was never \(what)" }
}
