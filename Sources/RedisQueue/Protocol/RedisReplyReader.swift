internal import CHiredis

/// Cuts the bytes of a connection into replies, within limits.
///
/// Not shared: a connection's own queue is the only one to touch it.
final class RedisReplyReader {
    /// How much one reply may be, whoever sends it.
    struct Limits {
        /// The most bytes of one reply: entries of 4 MiB, and what is around them.
        var byteCount = 5 << 20
        /// The most elements of one reply, counted through all its levels.
        var elementCount = 1 << 17
        /// The most arrays within one another: streams take five of them, and a transaction is one more.
        var levelCount = 7
    }

    /// Why the bytes are not replies.
    enum Violation: Error, Hashable {
        /// They are too many for one reply, or announce too many elements.
        case tooLarge(String)
        /// They are not of the protocol.
        case malformed(String)
    }

    // hiredis allocates an array when it has read no more than its length; this is asked before.
    private final class Allowance {
        var elementCount: Int
        private let levelCount: Int
        private(set) var isTooDeep = false

        init(_ limits: Limits) {
            elementCount = limits.elementCount
            levelCount = limits.levelCount
        }

        // hiredis 1.0 to 1.2 know no limit: copying and freeing what they make would overflow the stack.
        func allowsLevel(of task: redisReadTask) -> Bool {
            var level = 1
            var parent = task.parent
            while let task = parent {
                level += 1
                parent = task.pointee.parent
            }
            isTooDeep = level > levelCount
            return !isTooDeep
        }
    }

    private let limits: Limits
    private let allowance: Allowance
    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private var unfinishedByteCount = 0

    init(limits: Limits = Limits()) {
        guard let reader = redisReaderCreate(), let defaults = reader.pointee.fn else {
            preconditionFailure("hiredis had no memory for a reader")
        }
        self.limits = limits
        allowance = Allowance(limits)
        self.reader = reader
        functions = .allocate(capacity: 1)
        functions.initialize(to: defaults.pointee)
        functions.pointee.createArray = { task, count in
            guard let task, let context = task.pointee.privdata else { return nil }
            let allowance = Unmanaged<Allowance>.fromOpaque(context).takeUnretainedValue()
            guard allowance.allowsLevel(of: task.pointee), count <= allowance.elementCount else { return nil }
            allowance.elementCount -= Int(count)
            return RedisReplyReader.createArray?(task, count)
        }
        reader.pointee.fn = functions
        // Unretained: the reader dies with self, which holds the allowance.
        reader.pointee.privdata = Unmanaged.passUnretained(allowance).toOpaque()
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    /// Takes in bytes and gives the replies that are whole.
    func replies(with bytes: UnsafeRawBufferPointer) throws(Violation) -> [RedisReply] {
        unfinishedByteCount += bytes.count
        guard redisReaderFeed(reader, bytes.baseAddress, bytes.count) == REDIS_OK else { throw violation() }
        var replies: [RedisReply] = []
        while let reply = try nextReply() {
            replies.append(reply)
            allowance.elementCount = limits.elementCount
            unfinishedByteCount = 0
        }
        guard unfinishedByteCount <= limits.byteCount else {
            throw .tooLarge("a reply of more than \(limits.byteCount) bytes")
        }
        return replies
    }

    private func nextReply() throws(Violation) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw violation() }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        guard let reply = RedisReply(object.assumingMemoryBound(to: redisReply.self)) else {
            throw .malformed("a reply of an unknown kind")
        }
        return reply
    }

    private func violation() -> Violation {
        if allowance.isTooDeep { return .malformed("a reply of more than \(limits.levelCount) levels") }
        return reader.pointee.err == REDIS_ERR_OOM
            ? .tooLarge("a reply of more than \(limits.elementCount) elements")
            : .malformed("bytes that are no reply")
    }

    // hiredis's own; a closure for C can hold nothing, so it is kept here.
    private static let createArray = {
        let reader = redisReaderCreate()
        defer { redisReaderFree(reader) }
        return reader?.pointee.fn?.pointee.createArray
    }()
}
