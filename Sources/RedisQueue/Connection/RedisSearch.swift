/// What came of asking a master's sentinels, one after the other.
struct RedisSearch {
    let url: RedisURL
    /// Why each sentinel did not help, in their order.
    var failures: [RedisError] = []
    /// Those among them that the named servers are to blame for.
    private var ofServers: [RedisError] = []

    init(url: RedisURL) { self.url = url }

    /// The link to a server that was named; nil where it is not to be had.
    mutating func attempt(_ open: () throws(RedisError) -> RedisLink) -> RedisLink? {
        do throws(RedisError) {
            return try open()
        } catch {
            failures.append(error)
            ofServers.append(error)
            return nil
        }
    }

    /// The error to throw, which tells all that was tried.
    ///
    /// Where every server that was named refuses, or every sentinel, no pause
    /// makes that better.
    var outcome: RedisError {
        let judges = ofServers.isEmpty ? failures : ofServers
        if let first = judges.first, judges.allSatisfy(\.isFinal) { return first }
        // Where time ran out for some, an earlier search may have told more.
        let isLate = failures.contains { $0.code == .timedOut }
        let tried = failures.map(\.message).joined(separator: "; ")
        return RedisError(
            isLate ? .timedOut : .unreachable, "the sentinels of '\(url)' led to no master: \(tried)")
    }
}
