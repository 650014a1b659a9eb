package import ManifestKit

/// What became of an attempt, as its agent tells a panel that may not know it any more.
public struct AttemptSummary: Hashable, Sendable {
    /// How it was over.
    public enum End: Hashable, Sendable {
        /// With this result.
        case ended(AttemptResult)
        /// Turned away; nothing ran.
        case refused(Refusal)
        /// A cancel was followed before anything ran.
        case withdrawn
        /// It waited for its turn when a new epoch began, and was dropped.
        case waiting
    }

    /// Days of its own past that an agent tells of.
    public static let days = 30
    /// Bytes of an order that is told, at most; the answers of a larger one are left out.
    static let maximumCount = 20 * 1024

    /// What was ordered; with its sensitive inputs, as sealed as they came, only where it is still to be done.
    public let order: JobOrder
    /// How it was over, or nil where that is still to be told.
    public let end: End?

    /// A summary with its parts.
    public init(order: JobOrder, end: End?) {
        var told = order
        if end != .waiting { told.sealed = [:] }
        if end != .waiting, told.json.canonicalBytes().count > Self.maximumCount { told.inputs = [:] }
        self.order = told
        self.end = end
    }

    /// The same without the order's answers, which those of all attempts of a job have.
    var withoutAnswers: AttemptSummary {
        var order = order
        (order.inputs, order.sealed) = ([:], [:])
        return AttemptSummary(order: order, end: end)
    }

    /// Whether it fits into a message; what is still to be done is told whole or not at all.
    var fits: Bool { json.canonicalBytes().count <= 2 * Self.maximumCount }

    /// The summary as JSON, in the agent's archive and in its messages.
    package var json: JSONValue {
        var object: JSONObject = ["order": order.json]
        switch end {
        case .ended(let result): object["result"] = result.json
        case .refused(let refusal):
            object["reason"] = .string(refusal.reason.rawValue)
            object["message"] = .string(refusal.message)
        case .withdrawn: object["withdrawn"] = true
        case .waiting: object["waiting"] = true
        case nil: break
        }
        return .object(object)
    }

    package init(json: JSONValue) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        order = try JobOrder(json: reader.value("order"))
        let result = try reader.optional("result") { reader, name throws(MemberReader.Failure) in
            try AttemptResult(json: reader.value(name))
        }
        let reason = try reader.optional("reason") { reader, name throws(MemberReader.Failure) in
            try reader.parsed(name, "a known reason", RefusalReason.init)
        }
        if let result {
            end = .ended(result)
        } else if let reason {
            end = .refused(Refusal(reason, try reader.string("message")))
        } else if reader.value("withdrawn") != nil {
            end = .withdrawn
        } else if reader.value("waiting") != nil {
            end = .waiting
        } else {
            end = nil
        }
        try reader.finish()
    }
}

extension [AttemptSummary] {
    /// Whether no later attempt of the same job follows the one at an index; attempts of one job follow one another.
    func isLastOfItsJob(_ index: Int) -> Bool {
        index + 1 == count || self[index + 1].order.attempt.job != self[index].order.attempt.job
    }

    /// Parts that fit into a message each, in order; at least one, which may be empty.
    ///
    /// Attempts of one job stay together where they can: who does not know the job learns it, and its answers, from the
    /// last.
    func inParts() -> [[AttemptSummary]] {
        var parts: [[AttemptSummary]] = []
        var part: [AttemptSummary] = []
        var count = 0
        for (index, told) in enumerated() {
            let summary = isLastOfItsJob(index) ? told : told.withoutAnswers
            let size = summary.json.canonicalBytes().count
            let isOfTheSameJob = part.last?.order.attempt.job == summary.order.attempt.job
            let limit = AttemptSummary.maximumCount * (isOfTheSameJob ? 2 : 1)
            if count + size > limit, !part.isEmpty {
                parts.append(part)
                (part, count) = ([], 0)
            }
            part.append(summary)
            count += size
        }
        return parts + [part]
    }
}
