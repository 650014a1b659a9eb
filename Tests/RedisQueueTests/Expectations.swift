import RedisQueue
import TestSupport

/// The code of the error that the body throws; nil where it throws none.
func code(_ body: () throws -> Void) -> RedisError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? RedisError)?.code
    }
}

/// The error that the body throws; nil where it throws none.
func failure<Value>(_ body: () async throws -> Value) async -> RedisError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? RedisError
    }
}

extension RedisReply {
    /// A string reply of text.
    static func text(_ text: String) -> RedisReply { .string(Array(text.utf8)) }
}

extension RedisServer {
    /// A connection to it over its socket.
    func connection(_ name: String = "test") throws -> RedisConnection {
        try RedisConnection(to: RedisURL(socketURL), name: name)
    }
}

extension RedisConnection {
    /// A section of what the server says about itself.
    func information(_ section: String) async throws -> String {
        guard case .string(let bytes) = try await command("INFO", RedisArgument(section)) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether some client waits in a blocking read.
    var hasBlockedClient: Bool {
        get async throws { try await information("clients").contains("blocked_clients:1\r\n") }
    }
}
