import JobKit

/// A guarantee that did not hold.
package struct Violation: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// What really happened, seen at the scripts themselves, held against what the panel says.
struct Oracle {
    /// How often each attempt's script began (G3).
    private(set) var begun: [AttemptID: Int] = [:]
    /// Where scripts of an attempt live.
    private var living: [AttemptID: Set<String>] = [:]
    private var endings: [AttemptID: AttemptResult.Ending] = [:]
    /// Attempts whose ends nobody could see, and those of which not even the output is left.
    private var struck: Set<AttemptID> = []
    private var lost: Set<AttemptID> = []
    /// What a runner has on its disk of a script's output.
    private var written: [AttemptID: [LogRecord]] = [:]
    /// What was answered with 202 (G1).
    private var accepted: Set<JobID> = []
    private var answers: [Int: JobID] = [:]
    /// Answers of a panel that was set back since, but to requests that it was then asked for without knowing that it was.
    private var formerAnswers: [Int: JobID] = [:]
    private var finals: [JobID: JobRecord] = [:]
    /// When the panel was set back to an older record last; what was permitted before may have been forgotten.
    private var setBackAt: Timestamp?
    /// Whose word each attempt was started on, by the panel's clock.
    private var permits: [AttemptID: Timestamp] = [:]
    /// Everything that was ever answered with 202.
    private var asked: Set<JobID> = []
    var answeredCount: Int { answers.count }
    /// How many jobs came to each end.
    var ends: [String: Int] {
        finals.values.reduce(into: [:]) { ends, job in
            ends[
                job.reason.map { "\(job.state.rawValue) \($0.rawValue)" } ?? job.state.rawValue, default: 0] +=
                1
        }
    }
    var beginnings: Int { begun.values.reduce(0, +) }

    /// Notes a job that is committed, though its client may not know.
    mutating func notice(_ job: JobID) {
        accepted.insert(job)
        asked.insert(job)
    }

    /// Notes that the panel has an older record: what it accepted since is gone, unless an agent tells of it.
    mutating func setBack(to jobs: [JobRecord], at moment: Timestamp) {
        let known = Set(jobs.map(\.id))
        setBackAt = moment
        finals = [:]
        for job in jobs where job.state.isFinal { finals[job.id] = job }
        accepted.formIntersection(known)
        formerAnswers.merge(answers.filter { !known.contains($0.value) }) { $1 }
        answers = answers.filter { known.contains($0.value) }
    }

    private func isOlderThanTheRecord(_ attempt: AttemptID) -> Bool {
        guard let setBackAt, let permit = permits[attempt] else { return false }
        return permit <= setBackAt
    }

    func isAnswered(_ request: Int) -> Bool { answers[request] != nil }

    /// Notes that a request is made of a panel that was set back and not told: it may take it for a new one.
    mutating func askUnknowing(_ request: Int) { formerAnswers[request] = nil }

    /// Notes the answer to a request, which may have been made before (G2).
    mutating func accept(_ job: JobID, for request: Int) throws {
        if let known = answers[request], known != job {
            throw Violation("G2: request \(request) is '\(known)' and '\(job)'")
        }
        answers[request] = job
        notice(job)
    }

    mutating func see(
        _ sight: SimulatedServer.Sight, on server: SimulatedServer, _ panel: JobRecord?,
        _ pause: AgentRecord.Pause?, at now: Timestamp
    ) throws {
        switch sight {
        case .permitted(let order, let word):
            permits[order.attempt] = word
            try permit(order, word, at: now)
        case .began(let attempt, let order): try begin(attempt, order, on: server.name, panel, pause)
        case .wrote(let attempt, let record): written[attempt, default: []].append(record)
        case .done(let attempt, let ending):
            living[attempt]?.remove(server.name)
            endings[attempt] = ending
        case .ended(let attempt): living[attempt]?.remove(server.name)
        case .struck(let attempt, let isFolderGone):
            struck.insert(attempt)
            if isFolderGone { lost.insert(attempt) }
        }
    }

    /// A start needs a word of this minute, and an order that may still be followed (G9).
    private func permit(_ order: JobOrder, _ word: Timestamp?, at now: Timestamp) throws {
        guard let word, word.advanced(bySeconds: 60) >= now else {
            throw Violation("G5: '\(order.attempt)' starts on a word of \(word.map { "\($0)" } ?? "nobody")")
        }
        if order.expiresAt < now { throw Violation("G9: '\(order.attempt)' starts after it expired") }
    }

    private mutating func begin(
        _ attempt: AttemptID, _ order: JobOrder, on server: String, _ panel: JobRecord?,
        _ pause: AgentRecord.Pause?
    ) throws {
        begun[attempt, default: 0] += 1
        // G9
        guard asked.contains(attempt.job) else {
            throw Violation("G9: '\(attempt)' began, which nobody asked for")
        }
        if let panel, order.inputs != panel.inputs {
            throw Violation("G9: '\(attempt)' began with other inputs")
        }
        // G3
        if begun[attempt] != 1 { throw Violation("G3: '\(attempt)' began \(begun[attempt] ?? 0) times") }
        // G4
        for (other, places) in living where !places.isEmpty {
            if other.job == attempt.job || places.contains(server) {
                throw Violation("G4: '\(attempt)' began while '\(other)' lives")
            }
        }
        living[attempt, default: []].insert(server)
        guard !isOlderThanTheRecord(attempt) else { return }
        // G5
        guard let panel, panel.attempt.id == attempt, panel.attempt.phase != .offered else {
            throw Violation("G5: '\(attempt)' began while the panel's record knows no claim of it")
        }
        // What was claimed while the server was paused has no permit.
        if let pause, let claimedAt = panel.attempt.claimedAt, claimedAt > pause.at {
            throw Violation("pause: '\(attempt)' began on a paused server")
        }
        // G6; what an operator has given up may have had its permit by then.
        if panel.state.isFinal, panel.reason != .abandoned {
            throw Violation("G6: '\(attempt)' began, and the panel says '\(panel.state.rawValue)' already")
        }
    }

    /// Holds every job of the panel against what happened.
    mutating func check(_ jobs: [JobRecord]) throws {
        for job in jobs {
            if let final = finals[job.id] {
                guard final == job else {
                    throw Violation(
                        "G6: '\(job.id)' changed from '\(final.state.rawValue)' to '\(job.state.rawValue)'")
                }
                continue
            }
            if let result = job.attempt.result { try check(result, of: job) }
            guard job.state.isFinal else { continue }
            finals[job.id] = job
            try check(final: job)
        }
    }

    /// An attempt's end that the panel has.
    private func check(_ result: AttemptResult, of job: JobRecord) throws {
        let attempt = job.attempt.id
        if living[attempt]?.isEmpty == false, job.reason != .abandoned {
            throw Violation("G4: the panel has an end of '\(attempt)', which lives")
        }
        switch result.ending {
        case .exited, .unhealthy:
            guard endings[attempt] == result.ending else {
                let truth = endings[attempt].map { "\($0)" } ?? "not at all"
                throw Violation("G6: '\(attempt)' ended by itself \(truth), the panel says \(result.ending)")
            }
        case .interrupted:
            guard struck.contains(attempt) else {
                throw Violation("G7: nobody struck '\(attempt)', and the panel says \(result.ending)")
            }
        case .signalled, .timedOut, .cancelled: break
        }
    }

    private func check(final job: JobRecord) throws {
        let attempt = job.attempt.id
        let hasBegun = begun.contains { $0.key.job == job.id && $0.value > 0 }
        switch (job.state, job.reason) {
        case (.succeeded, _):
            guard endings[attempt] == .exited(code: 0) else {
                throw Violation("G6: '\(attempt)' succeeded, the panel says")
            }
        case (.cancelled, .beforeStart), (.refused, _):
            if hasBegun {
                throw Violation("G6: '\(job.id)' is '\(job.state.rawValue)', and a script of it ran")
            }
        case (.failed, .interrupted), (.cancelled, .running):
            guard begun[attempt] != nil || job.reason == .interrupted else {
                throw Violation(
                    "G6: '\(attempt)' was cancelled while it ran, the panel says, and it never did")
            }
        default: break
        }
    }

    var attempts: [AttemptID] { written.keys.sorted { $0.description < $1.description } }

    /// The panel has all of an attempt's output, once and in order (G8).
    ///
    /// Of what it had before it was set back to an older record it has the beginning; also of what was lost unread.
    func check(_ records: [LogRecord], of attempt: AttemptID) throws {
        let all = written[attempt] ?? []
        let mayEndEarlier = isOlderThanTheRecord(attempt) || lost.contains(attempt)
        guard records == all || mayEndEarlier && all.starts(with: records) else {
            throw Violation(
                "G8: the panel has \(records.count) of \(written[attempt]?.count ?? 0) records of '\(attempt)'"
            )
        }
    }

    /// When nothing goes wrong any more, everything that was accepted is over.
    func checkSettled(_ jobs: [JobRecord]) throws {
        for job in accepted where !jobs.contains(where: { $0.id == job }) {
            throw Violation("G1: '\(job)' was accepted and is gone")
        }
        for attempt in begun.keys where !jobs.contains(where: { $0.id == attempt.job }) {
            throw Violation("G7: '\(attempt)' began, and the panel knows nothing of it")
        }
        // What was committed and asked for again is one job all the same (G2).
        if jobs.count(where: { !$0.isRecoveredFromAgent }) > answers.count {
            throw Violation("G2: \(answers.count) requests made \(jobs.count) jobs")
        }
        for (request, former) in formerAnswers {
            if let answer = answers[request], answer != former, jobs.contains(where: { $0.id == former }) {
                throw Violation(
                    "G2: request \(request) was '\(former)', and is '\(answer)' since a restoration")
            }
        }
        let open = jobs.filter { !$0.state.isFinal }
        guard open.isEmpty else {
            let list = open.map { "'\($0.id)' \($0.state.rawValue) (\($0.attempt.phase.rawValue))" }
            throw Violation("G1: not over: \(list.joined(separator: ", "))")
        }
    }
}
