package import JobKit
import ManifestKit

// Records for tests, told apart by a number; every field holds something that can be lost.
extension JobRecord {
    /// The moment from which samples count.
    package static let sampleStart = Timestamp(milliseconds: 1_770_000_000_000)

    /// A job as accepted; later numbers are younger.
    package static func sample(
        _ number: Int = 1, agent: String = "agent-001", application: String = "nginx",
        isIdempotent: Bool = true, retained: Set<String> = [], actor: String = "ops",
        request: RequestStamp? = nil,
        isRecovered: Bool = false
    ) -> JobRecord {
        let moment = sampleStart.advanced(bySeconds: number)
        let digits = (0..<10).map { UInt8(truncatingIfNeeded: number >> (8 * min($0, 7))) }
        return JobRecord(
            id: JobID(at: moment, random: digits), agent: .sample(agent),
            application: ApplicationStamp(
                id: application, revision: 3, contentDigest: String(repeating: "ab", count: 32),
                script: "install.sh"),
            action: "install", inputs: ["port": "8080", "motto": "käse \"&'\n\u{0}\u{1F9C0}", "empty": ""],
            sealed: [
                "password": SealedInput(bytes: (0..<60).map { UInt8($0) ^ 0xA5 }),
                "none": SealedInput(bytes: []),
            ],
            actor: actor, createdAt: moment, expiresAt: moment.advanced(bySeconds: 3600),
            terms: JobTerms(
                timeoutSeconds: 600, graceSeconds: 20, isIdempotent: isIdempotent,
                retry: RetryRule(maxAttempts: 4, backoff: .fixed, baseSeconds: 7, maxSeconds: 99),
                exitCodes: [
                    7: ExitCodeMeaning(.packageManager),
                    42: ExitCodeMeaning(.configuration, message: "Ask 'ops'."),
                ],
                retained: retained),
            request: request, isRecoveredFromAgent: isRecovered)
    }

    /// The record after events that all change it, each a second after the one before.
    package func after(_ events: JobEvent...) throws -> JobRecord {
        var record = self
        for (index, event) in events.enumerated() {
            guard
                case .changed(let next) = try record.applying(
                    event, at: createdAt.advanced(bySeconds: index + 1))
            else {
                throw UnexpectedLateness(event: event)
            }
            record = next
        }
        return record
    }

    /// An event was late that a test needs.
    package struct UnexpectedLateness: Error {
        package let event: JobEvent

        package init(event: JobEvent) { self.event = event }
    }
}

extension AgentID {
    /// A name that is known to be one.
    package static func sample(_ name: String) -> AgentID {
        guard let id = AgentID(name) else { preconditionFailure("'\(name)' is no agent's name") }
        return id
    }
}

extension AttemptResult {
    /// A result with everything in it.
    package static func sample(_ ending: Ending, hasLog: Bool = true) -> AttemptResult {
        AttemptResult(
            ending: ending, beganAt: JobRecord.sampleStart.advanced(byMilliseconds: 7),
            endedAt: JobRecord.sampleStart.advanced(byMilliseconds: 4_321), durationMilliseconds: 4_314,
            leftovers: 2,
            survivors: 1, outOfMemory: true,
            log: hasLog
                ? Log(records: 9, bytes: 12_345, cutBytes: 67, digest: String(repeating: "c", count: 64))
                : nil)
    }
}
