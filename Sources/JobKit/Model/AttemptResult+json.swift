package import ManifestKit

// The result's one spelling, in the runner's `result` file and in the agent's messages.
extension AttemptResult {
    package var json: JSONValue {
        var object: JSONObject = [
            "ending": .string(ending.name), "ended_at": endedAt.json, "leftovers": .integer(leftovers),
            "survivors": .integer(survivors), "out_of_memory": .bool(outOfMemory),
        ]
        switch ending {
        case .exited(let code): object["code"] = .integer(code)
        case .signalled(let number): object["signal"] = .integer(number)
        case .interrupted(let cause): object["cause"] = .string(cause.rawValue)
        case .unhealthy, .timedOut, .cancelled: break
        }
        object["began_at"] = beganAt?.json
        object["duration_ms"] = durationMilliseconds.map { .integer($0) }
        object["log"] = log?.json
        return .object(object)
    }

    package init(json: JSONValue?) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        let ending: Ending
        switch try reader.string("ending") {
        case "exited": ending = .exited(code: try reader.integer("code", in: 0...255))
        case "unhealthy": ending = .unhealthy
        case "signalled": ending = .signalled(number: try reader.integer("signal", in: 1...127))
        case "timed_out": ending = .timedOut
        case "cancelled": ending = .cancelled
        case "interrupted":
            ending = .interrupted(try reader.parsed("cause", "a known cause", Interruption.init))
        default: throw .init(member: "ending", wanted: "a known way to end")
        }
        self.init(
            ending: ending,
            beganAt: try reader.optional("began_at") { reader, name throws(MemberReader.Failure) in
                try reader.time(name)
            },
            endedAt: try reader.time("ended_at"),
            durationMilliseconds: try reader.optional("duration_ms") {
                reader, name throws(MemberReader.Failure) in
                Int64(try reader.integer(name))
            },
            leftovers: try reader.integer("leftovers"), survivors: try reader.integer("survivors"),
            outOfMemory: try reader.bool("out_of_memory"),
            log: try reader.optional("log") { reader, name throws(MemberReader.Failure) in
                try Log(json: reader.value(name))
            })
        try reader.finish()
    }
}

extension AttemptResult.Ending {
    /// The ending's name in JSON, tables and audit lines.
    public var name: String {
        switch self {
        case .exited: "exited"
        case .unhealthy: "unhealthy"
        case .signalled: "signalled"
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .interrupted: "interrupted"
        }
    }
}

extension AttemptResult.Log {
    var json: JSONValue {
        [
            "records": .integer(records), "bytes": .integer(bytes), "cut_bytes": .integer(cutBytes),
            "digest": .string(digest),
        ]
    }

    init(json: JSONValue?) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        // More than any disk has; and a script may have written it, so that sums of it have to fit.
        let sizes = 0...1 << 60
        self.init(
            records: try reader.integer("records", in: sizes), bytes: try reader.integer("bytes", in: sizes),
            cutBytes: try reader.integer("cut_bytes", in: sizes), digest: try reader.string("digest"))
        try reader.finish()
    }
}
