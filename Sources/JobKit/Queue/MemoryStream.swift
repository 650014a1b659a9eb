/// A stream in memory, which refuses repeated and older places as those of Redis do.
package struct MemoryStream: Sendable {
    /// The place that an entry was added at last, whatever became of it.
    package var last = StreamPosition(epoch: 0, number: 0)
    /// What is there, in order.
    package var entries: [StreamEntry] = []

    /// An empty stream.
    package init() {}

    /// Adds an entry behind all that ever were.
    package mutating func add(_ entry: StreamEntry) -> Addition {
        guard entry.position > last else { return .outOfOrder }
        last = entry.position
        entries.append(entry)
        return .added
    }
}
