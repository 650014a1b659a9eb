/// The time during which a wire fails, and what was told of it: each reason once, so that a wrong password shows behind a
/// connection that broke.
struct Outage {
    private static let maximumCount = 8
    private var told: Set<String> = []

    /// Whether a failure is worth telling.
    mutating func isNews(_ error: QueueError) -> Bool {
        told.count < Self.maximumCount && told.insert(error.description).inserted
    }

    /// Ends it; whether there was one.
    mutating func end() -> Bool {
        defer { told = [] }
        return !told.isEmpty
    }
}
