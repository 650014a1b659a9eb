import JobKit
import OpenSSLCrypto

/// What the panel's record says, and what the scripts themselves have told; the two have to agree.
///
/// The scripts' word is on the disk before they go on, and nothing that is tested can write there.
struct Truth: Sendable {
    /// An attempt and its output, as the record has them.
    struct Attempt: Sendable {
        var record: AttemptRecord
        var log: [LogRecord] = []
    }

    /// Jobs that were answered with 202.
    var accepted: [JobID] = []
    var jobs: [JobRecord] = []
    var attempts: [JobID: [Attempt]] = [:]
    var audit: [AuditEntry] = []
    /// Whether a runner, a server or an attempt's folder went: only then may nobody have seen an end.
    var isAnythingStruck = false
    /// The scripts' lines: `began` or `done`, the job, the attempt.
    var witness: [String] = [] { didSet { lines = Set(witness) } }
    private var lines: Set<String> = []

    /// Everything that is lost, twice or untrue, a sentence each.
    var complaints: [String] {
        var all = lost + witnessed
        if let number = AuditEntry.firstBreak(in: audit) {
            all.append("the audit trail breaks at line \(number)")
        }
        let trail = Dictionary(grouping: audit.map(\.draft), by: \.job)
        for job in jobs {
            all += judged(job) + audited(job, trail[job.id] ?? [])
            for attempt in attempts[job.id] ?? [] { all += judged(attempt, of: job) + logged(attempt) }
        }
        return all
    }

    // MARK: - Nothing is lost, nothing comes twice

    private var lost: [String] {
        let known = Set(jobs.map(\.id))
        return accepted.filter { !known.contains($0) }.map { "\($0) was accepted and is not in the record" }
            + jobs.filter { !$0.state.isFinal }.map { "\($0.id) has no end: \($0.state.rawValue)" }
    }

    private var witnessed: [String] {
        let known = Set(attempts.values.joined().map(\.record.id))
        return Dictionary(grouping: witness) { $0 }.flatMap { line, copies -> [String] in
            var complaints = copies.count > 1 ? ["'\(line)' was told \(copies.count) times"] : []
            let words = line.split(separator: " ")
            guard words.count == 3, let attempt = AttemptID("\(words[1])-\(words[2])") else {
                return complaints + ["'\(line)' cannot be read"]
            }
            if !known.contains(attempt) { complaints.append("nobody asked for '\(line)'") }
            if words[0] == "done", !told("began", attempt) {
                complaints.append("\(attempt) is done and never began")
            }
            return complaints
        }
    }

    private func told(_ word: String, _ attempt: AttemptID) -> Bool {
        lines.contains("\(word) \(attempt.job) \(attempt.number)")
    }

    // MARK: - Ends are what happened

    private func judged(_ job: JobRecord) -> [String] {
        let ran = (attempts[job.id] ?? []).map(\.record.id).filter { told("began", $0) }
        switch (job.state, job.reason) {
        case (.succeeded, _) where !told("done", job.attempt.id):
            return ["\(job.id) has succeeded, and its script was not done"]
        case (.succeeded, _) where job.exitCode != 0:
            return ["\(job.id) has succeeded with exit code \(job.exitCode.map { "\($0)" } ?? "none")"]
        case (.failed, .exit) where !told("done", job.attempt.id),
            (.failed, .unhealthy) where !told("done", job.attempt.id):
            return ["\(job.id) ended by itself, and its script was not done"]
        case (.refused, _) where !ran.isEmpty, (.cancelled, .beforeStart) where !ran.isEmpty:
            return ["\(job.id) is \(job.state.rawValue), and its script began"]
        default: return []
        }
    }

    private func judged(_ attempt: Attempt, of job: JobRecord) -> [String] {
        let id = attempt.record.id
        guard let result = attempt.record.result else {
            let hasNoEnd = attempt.log.isEmpty && !told("began", id) || isGivenUp(attempt, of: job)
            return hasNoEnd ? [] : ["\(id) began, and has no result"]
        }
        switch result.ending {
        // A script that was ended from outside need not have come to its first word.
        case .interrupted(let cause):
            return isAnythingStruck
                ? [] : ["\(id) is interrupted by \(cause.rawValue), and nothing was struck"]
        case .cancelled:
            return job.cancelRequestedAt == nil ? ["\(id) is cancelled, and nobody asked for it"] : []
        case .timedOut:
            let took = result.durationMilliseconds ?? 0
            return took < job.terms.timeoutSeconds * 1000 ? ["\(id) is out of time after \(took) ms"] : []
        case .exited, .unhealthy, .signalled:
            return told("began", id) ? [] : ["\(id) has an end, \(result.ending), and never began"]
        }
    }

    /// What a person has given up need have no end.
    private func isGivenUp(_ attempt: Attempt, of job: JobRecord) -> Bool {
        job.reason == .abandoned && job.attempt.id == attempt.record.id
    }

    /// Each job is accepted once and ends once, and no script began before its claim was known.
    private func audited(_ job: JobRecord, _ lines: [AuditDraft]) -> [String] {
        var complaints: [String] = []
        let acceptances = lines.count { $0.action == "job.accepted" }
        if acceptances != 1 {
            complaints.append("\(job.id) is accepted \(acceptances) times in the audit trail")
        }
        let ends = lines.filter {
            $0.detail["state"].flatMap(JobState.init)?.isFinal == true && $0.action != "job.late"
        }
        if ends.compactMap({ $0.detail["state"] }) != [job.state.rawValue] {
            complaints.append(
                "\(job.id) is \(job.state.rawValue), and ends \(ends.count) times in the audit trail")
        }
        for attempt in attempts[job.id] ?? [] where told("began", attempt.record.id) {
            let number = String(attempt.record.id.number)
            if !lines.contains(where: { $0.action == "job.claimed" && $0.detail["attempt"] == number }) {
                complaints.append("\(attempt.record.id) began, and the audit trail knows of no claim")
            }
        }
        return complaints
    }

    // MARK: - Logs are whole

    private func logged(_ attempt: Attempt) -> [String] {
        let id = attempt.record.id
        let numbers = attempt.log.map(\.number)
        if numbers != Array(1..<numbers.count + 1) { return ["the log of \(id) has a gap: \(numbers)"] }
        guard let log = attempt.record.result?.log else { return [] }
        let bytes = attempt.log.flatMap(\.bytes)
        return log.records == numbers.count && log.bytes == bytes.count
            && log.digest == Hex.encode(SHA256.digest(bytes))
            ? []
            : ["the log of \(id) is not the one that its result tells of: \(numbers.count) records, \(log)"]
    }
}
