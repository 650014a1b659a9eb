internal import CHiredis

/// What Redis answered to one command.
package enum RedisReply: Hashable, Sendable {
    /// Any bytes.
    case string([UInt8])
    /// A number.
    case integer(Int)
    /// Several answers in one.
    case array([RedisReply])
    /// There is nothing.
    case null
    /// A short word of success, such as `OK`.
    case status(String)
    /// An error: a word in capitals, then a sentence.
    case error(String)
}

extension RedisReply {
    /// Whether a server says that it was a master and is one no more.
    var showsDemotion: Bool {
        guard case .error(let text) = self else { return false }
        return ["READONLY ", "UNBLOCKED ", "MASTERDOWN "].contains { text.hasPrefix($0) }
    }

    /// A copy of what hiredis has read; nil where it is of a kind that was not
    /// asked for.
    init?(_ reply: UnsafePointer<redisReply>) {
        let reply = reply.pointee
        switch reply.type {
        case REDIS_REPLY_STRING:
            self = .string(Self.bytes(of: reply))
        case REDIS_REPLY_INTEGER:
            self = .integer(Int(reply.integer))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisReply] = []
            elements.reserveCapacity(Int(reply.elements))
            for index in 0..<Int(reply.elements) {
                guard let pointer = reply.element?[index], let element = RedisReply(pointer) else {
                    return nil
                }
                elements.append(element)
            }
            self = .array(elements)
        case REDIS_REPLY_NIL:
            self = .null
        case REDIS_REPLY_STATUS:
            self = .status(String(decoding: Self.bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            self = .error(String(decoding: Self.bytes(of: reply), as: UTF8.self))
        default:
            return nil
        }
    }

    private static func bytes(of reply: redisReply) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)))
    }
}
