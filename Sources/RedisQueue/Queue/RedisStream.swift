import JobKit

/// Streams as the queue uses them: IDs of our own, one field, `e`, with the
/// envelope.
enum RedisStream {
    private static let field: RedisArgument = "e"

    /// Adds an entry under its own number, which Redis refuses unless it is
    /// above all before.
    static func add(_ entry: StreamEntry, to key: RedisArgument) -> [RedisArgument] {
        ["XADD", key, id(entry.position), field, RedisArgument(entry.bytes)]
    }

    /// Puts an entry in the place of all that are in a stream, under a new ID.
    ///
    /// The stream stays: of one that was dropped the next entry could have the
    /// same ID, if it came in the same millisecond.
    static func replace(_ key: RedisArgument, with envelope: [UInt8]) -> [RedisArgument] {
        ["XADD", key, "MAXLEN", 1, "*", field, RedisArgument(envelope)]
    }

    /// Forgets entries up to and with a position.
    static func trim(_ key: RedisArgument, through position: StreamPosition) -> [RedisArgument] {
        // Redis counts to 2^64, so there always is a number behind one of ours, whoever has named it.
        ["XTRIM", key, "MINID", RedisArgument("\(position.epoch)-\(UInt64(clamping: position.number) + 1)")]
    }

    static func id(_ position: StreamPosition) -> RedisArgument { RedisArgument(position.description) }

    /// Whether Redis says that the key is no stream, or one that can take nothing any more.
    static func isSpoilt(_ reply: RedisReply) -> Bool {
        guard case .error(let text) = reply else { return false }
        return text.hasPrefix("WRONGTYPE ") || text.contains("exhausted the last possible ID")
    }

    /// What Redis made of an ``add(_:to:)``.
    static func addition(_ reply: RedisReply, on connection: RedisConnection) throws(RedisError) -> Addition {
        if case .error(let text) = reply, text.contains("equal or smaller") { return .outOfOrder }
        _ = try connection.checked(reply)
        return .added
    }

    /// The entries of each stream in the answer to `XREAD`.
    static func streams(_ reply: RedisReply) -> [RedisArgument: [(id: String, envelope: [UInt8])]] {
        guard case .array(let streams) = reply else { return [:] }
        var found: [RedisArgument: [(id: String, envelope: [UInt8])]] = [:]
        for case .array(let stream) in streams where stream.count == 2 {
            guard case .string(let key) = stream[0] else { continue }
            found[RedisArgument(key)] = entries(stream[1])
        }
        return found
    }

    /// The entries in the answer to `XRANGE` and its like; an envelope is empty
    /// where an entry has another form.
    static func entries(_ reply: RedisReply) -> [(id: String, envelope: [UInt8])] {
        guard case .array(let entries) = reply else { return [] }
        return entries.compactMap { entry in
            guard case .array(let parts) = entry, parts.count == 2, case .string(let id) = parts[0] else {
                return nil
            }
            guard case .array(let fields) = parts[1], fields.count == 2, fields[0] == .string(field.bytes),
                case .string(let envelope) = fields[1]
            else { return (String(decoding: id, as: UTF8.self), []) }
            return (String(decoding: id, as: UTF8.self), envelope)
        }
    }

    /// Entries with positions of ours; what has another ID is not ours.
    static func streamEntries(_ entries: [(id: String, envelope: [UInt8])]) -> [StreamEntry] {
        entries.compactMap { entry in
            position(entry.id).map { StreamEntry(position: $0, bytes: entry.envelope) }
        }
    }

    private static func position(_ id: String) -> StreamPosition? {
        let parts = id.split(separator: "-")
        guard parts.count == 2, let epoch = Int(parts[0]), let number = Int(parts[1]) else { return nil }
        return StreamPosition(epoch: epoch, number: number)
    }
}
