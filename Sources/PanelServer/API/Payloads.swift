import JobKit
import ManifestKit

// What the API shows of the domain's values. Times are seconds since 1970, with milliseconds.

extension Timestamp {
    var payload: JSONValue {
        let fraction = String(1000 + abs(milliseconds % 1000)).dropFirst()
        return .number("\(milliseconds / 1000).\(fraction)")
    }
}

extension JobRecord {
    /// A job; of its secrets only that there are some.
    var payload: JSONObject {
        var shown = inputs.mapValues { JSONValue.string($0) }
        for name in sealed.keys { shown[name] = "••••" }
        return [
            "job_id": .string(id.description), "app": .string(application.id),
            "revision": .integer(application.revision),
            "content_digest": .string(application.contentDigest), "action": .string(action),
            "server_id": .string(agent.description), "status": .string(state.rawValue),
            "reason": .optional(reason) { .string($0.rawValue) }, "detail": .optional(detail) { .string($0) },
            "exit_code": .optional(exitCode) { .integer($0) },
            "exit_meaning": .optional(exitMeaning) { .string($0) },
            "attempt": .integer(attempt.id.number),
            "inputs": .object(JSONObject(shown.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })),
            "actor": .string(actor), "created_at": createdAt.payload,
            "began_at": .optional(beganAt, \.payload),
            "finished_at": .optional(finishedAt, \.payload),
            "cancel_requested_at": .optional(cancelRequestedAt, \.payload),
            "retry_at": .optional(retryAt, \.payload),
            "recovered_from_agent": .bool(isRecoveredFromAgent),
            "rerun_of": .optional(rerunOf) { .string($0.description) },
            "expires_at": expiresAt.payload,
        ]
    }
}

extension JobRecord {
    /// What the exit code means; of one that stands for a signal, which signal it was.
    private var exitMeaning: String? {
        guard let exitCode else { return nil }
        switch reason {
        case .signal: return "The script was ended by signal \(exitCode - 128)."
        case .unhealthy: return "The script succeeded, and a health check did not pass; the log says which."
        default: return terms.meaning(ofExitCode: exitCode).message
        }
    }
}

extension AttemptRecord {
    var payload: JSONValue {
        [
            "attempt": .integer(id.number), "phase": .string(phase.rawValue), "offered_at": offeredAt.payload,
            "claimed_at": .optional(claimedAt, \.payload), "began_at": .optional(beganAt, \.payload),
            "ended_at": .optional(endedAt, \.payload), "result": .optional(result, \.payload),
        ]
    }
}

extension AttemptResult {
    /// The agent's record of an end, its times as everywhere in the API.
    fileprivate var payload: JSONValue {
        guard var object = json.object else { return .null }
        object["began_at"] = beganAt?.payload
        object["ended_at"] = endedAt.payload
        return .object(object)
    }
}

extension LogRecord {
    /// A record as text; bytes that are no text show as U+FFFD, the download has them as they are.
    var payload: JSONValue {
        ["n": .integer(number), "at": at.payload, "text": .string(String(decoding: bytes, as: UTF8.self))]
    }
}

extension AgentRecord {
    func payload(_ presence: PresenceSweep.Presence?) -> JSONObject {
        [
            "server_id": .string(id.description), "status": .string(status(presence)),
            "first_seen_at": firstSeenAt.payload, "last_seen_at": (presence?.seenAt ?? lastBeatAt).payload,
            "unreachable_since": .optional(unreachableSince, \.payload),
            "quarantined": .optional(quarantined) { .string($0) },
            "recovering_since": .optional(recoveringSince, \.payload),
            "revoked_at": .optional(revokedAt, \.payload), "paused_at": .optional(pause, \.at.payload),
            "pause_note": .optional(pause?.note) { .string($0) },
            "key_id": .optional(keyID) { .string($0) }, "key_generation": .integer(keyGeneration),
            "undelivered": .integer(lastSent - received),
            "stuck": .optional(presence?.beat.stuck) { .string($0) },
            "halted": .optional(presence?.beat.halted) { .string($0) },
            "running": .array((presence?.beat.running ?? []).map { .string($0.job.description) }),
            "clock_skew_ms": .optional(presence) { .integer($0.skewMilliseconds) },
            "clock_skewed": .bool(presence?.isSkewed ?? false),
            "version": .optional(presence) { .string($0.beat.version) }, "facts": JSONValue(strings: facts),
        ]
    }

    /// The one word for how the agent stands; a pause is none of it.
    private func status(_ presence: PresenceSweep.Presence?) -> String {
        if revokedAt != nil { return "revoked" }
        if quarantined != nil { return "quarantined" }
        if unreachableSince != nil { return "unreachable" }
        return presence?.isLate ?? true ? "late" : "online"
    }
}
