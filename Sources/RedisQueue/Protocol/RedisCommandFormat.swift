internal import CHiredis

/// Commands as the bytes that travel.
enum RedisCommandFormat {
    /// The bytes of all commands, one after the other.
    static func bytes(of commands: [[RedisArgument]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for command in commands { append(command, to: &bytes) }
        return bytes
    }

    private static func append(_ command: [RedisArgument], to bytes: inout [UInt8]) {
        // Redis answers nothing to an empty command, and every later answer would go to the wrong question.
        precondition(!command.isEmpty, "a Redis command has at least its name")
        var words: [UInt8] = []
        var lengths: [Int] = []
        for word in command {
            words += word.bytes
            lengths.append(word.bytes.count)
        }
        var formatted: UnsafeMutablePointer<CChar>?
        let length = words.withUnsafeBytes { words in
            var start = words.baseAddress?.assumingMemoryBound(to: CChar.self)
            var starts: [UnsafePointer<CChar>?] = []
            for length in lengths {
                starts.append(start)
                start = start.map { $0 + length }
            }
            return redisFormatCommandArgv(&formatted, CInt(command.count), &starts, lengths)
        }
        guard let formatted, length > 0 else { preconditionFailure("hiredis had no memory for a command") }
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: formatted, count: Int(length)))
        redisFreeCommand(formatted)
    }
}
