import HTTPTypes
import Hummingbird
import JobKit
import ManifestKit
import NIOCore

/// Jobs, and what their scripts wrote.
struct JobsController: Sendable {
    /// Records of a log in one answer at most.
    fileprivate static let page = 1000
    /// Bytes of a log in one answer; a record is not cut.
    private static let pageBytes = 128 * 1024
    /// Bytes of output shown with a job.
    private static let tail = 64 * 1024

    let store: any JobStore
    let feed: JobFeed

    func addRoutes(to group: RouterGroup<PanelContext>) {
        group.only(.get, "jobs", use: list)
        group.only(.get, "jobs/{id}", use: show)
        group.only(.get, "jobs/{id}/log", use: log)
    }

    /// Answers `GET /api/jobs?server_id=&app=&status=&before=&limit=`.
    @Sendable private func list(request: Request, context: some RequestContext) async throws -> Response {
        let query = try Query(request, allowing: ["server_id", "app", "status", "before", "limit"])
        let jobs = JobQuery(
            agent: try query.parsed("server_id", "a server's name", AgentID.init), application: query["app"],
            state: try query.parsed(
                "status", "one of \(JobState.allCases.map(\.rawValue).joined(separator: ", "))", JobState.init
            ),
            before: try query.parsed("before", "a job's id", JobID.init),
            limit: try query.integer("limit", in: 1...500) ?? 50)
        let found = try await store.read { try $0.jobs(jobs) }
        let next = found.count == jobs.limit ? found.last : nil
        return Response(
            json: [
                "success": true, "jobs": .array(found.map { .object($0.payload) }),
                "next_before": .optional(next) { .string($0.id.description) },
            ])
    }

    /// Answers `GET /api/jobs/{id}`.
    @Sendable private func show(request: Request, context: some RequestContext) async throws -> Response {
        _ = try Query(request, allowing: [])
        let id = try context.jobID
        let found = try await store.read { store -> (JobRecord, [AttemptRecord], [UInt8], Int?)? in
            guard let job = try store.job(id) else { return nil }
            let position = job.state == .queued ? try store.jobsAhead(of: job) + 1 : nil
            let last = try store.logExtent(of: job.attempt.id).records
            let records = try store.log(of: job.attempt.id, afterRecord: max(0, last - 64), limit: 64)
            let output = Array(records.flatMap(\.bytes).suffix(Self.tail))
            return (job, try store.attempts(of: id), output, position)
        }
        guard let (job, attempts, output, position) = found else { throw Problem.unknownJob(id.description) }
        var payload = job.payload
        payload["attempts"] = .array(attempts.map(\.payload))
        payload["output"] = .string(String(decoding: output, as: UTF8.self))
        payload["queue_position"] = .optional(position) { .integer($0) }
        payload["success"] = true
        return Response(json: .object(payload))
    }

    /// Answers `GET /api/jobs/{id}/log?attempt=&after=&wait=`, in plain text where that is asked for.
    @Sendable private func log(request: Request, context: PanelContext) async throws -> Response {
        let query = try Query(request, allowing: ["attempt", "after", "wait"])
        let id = try context.jobID
        let after = try query.integer("after", in: 0...Int.max) ?? 0
        let number = try query.integer("attempt", in: 1...1_000_000)
        let wait = try query.integer("wait", in: 0...30) ?? 0
        if request.headers[.accept]?.hasPrefix("text/plain") ?? false {
            return try await plainLog(of: id, attempt: number, after: after, on: context.eventLoop)
        }
        let news = feed.subscribe(to: id)
        var page = try await logPage(of: id, attempt: number, after: after)
        if wait > 0, page.records.isEmpty, !page.isComplete, page.next.attempt == page.attempt {
            await news.wait(seconds: wait)
            page = try await logPage(of: id, attempt: number, after: after)
        }
        return Response(
            json: [
                "success": true, "job_id": .string(id.description), "attempt": .integer(page.attempt),
                "status": .string(page.state.rawValue), "complete": .bool(page.isComplete),
                "records": .array(page.records.map(\.payload)),
                "next_attempt": .integer(page.next.attempt), "next_after": .integer(page.next.after),
            ])
    }

    private struct LogPage: Sendable {
        let attempt: Int
        let state: JobState
        let records: [LogRecord]
        /// Where to go on reading: another attempt has records of its own, counted anew.
        let next: (attempt: Int, after: Int)
        /// Whether nothing will be added behind these records: the job is over, and this is its last attempt.
        let isComplete: Bool
    }

    private func logPage(
        of id: JobID, attempt number: Int?, after: Int, bytes: Int = pageBytes
    ) async throws -> LogPage {
        let page = try await store.read { store -> LogPage? in
            guard let job = try store.job(id) else { return nil }
            let latest = job.attempt.id.number
            let attempt = AttemptID(job: id, number: number ?? latest)
            // One that was still to come may be waited for, and has no records where it never comes.
            let wasAwaited = !job.state.isFinal || job.reason == .betweenAttempts || job.reason == .abandoned
            guard attempt.number <= (wasAwaited ? latest + 1 : latest) else {
                throw Problem.unknownAttempt(attempt.number, of: id.description)
            }
            let records = try store.log(
                of: attempt, afterRecord: after, limit: Self.page, bytes: bytes)
            let isFull =
                records.count == Self.page || records.reduce(0) { $0 + $1.bytes.count } >= bytes
            let hasEnded = attempt.number < latest || attempt.number == latest && job.attempt.phase == .ended
            let isLast = job.state.isFinal && attempt.number >= latest
            return LogPage(
                attempt: attempt.number, state: job.state, records: records,
                next: hasEnded && !isFull && !isLast
                    ? (attempt.number + 1, 0) : (attempt.number, records.last?.number ?? after),
                isComplete: isLast && !isFull)
        }
        guard let page else { throw Problem.unknownJob(id.description) }
        return page
    }

    private func plainLog(
        of id: JobID, attempt number: Int?, after: Int, on eventLoop: any EventLoop
    ) async throws -> Response {
        let store = store
        // What is kept here is kept as long as the client pleases.
        let attempt = AttemptID(
            job: id, number: try await logPage(of: id, attempt: number, after: after, bytes: 0).attempt)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
                .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody { writer in
                var last = after
                while let portion = try await store.read({ [last] in
                    try $0.portion(of: attempt, afterRecord: last)
                }) {
                    last = portion.last
                    try await writer.write(portion.text)
                    // A write returns before its connection knows of it: portions would pile up for one that takes none.
                    try await eventLoop.submit {}.get()
                }
                try await writer.finish(nil)
            })
    }
}

extension StoreReader {
    /// The next portion of a log in plain text, and the last record in it; nil where there is none.
    fileprivate func portion(
        of attempt: AttemptID, afterRecord record: Int
    ) throws -> (text: ByteBuffer, last: Int)? {
        // A record more has 16 KiB, and room for 64 KiB is what a buffer of both takes.
        let records = try log(of: attempt, afterRecord: record, limit: JobsController.page, bytes: 48 << 10)
        return records.last.map { (ByteBuffer(bytes: records.flatMap(\.bytes)), $0.number) }
    }
}

extension RequestContext {
    /// The job that the address names.
    var jobID: JobID {
        get throws {
            let text = try parameters.require("id")
            guard let id = JobID(text) else { throw Problem.unknownJob(text) }
            return id
        }
    }

    /// The server that the address names.
    var agentID: AgentID {
        get throws {
            let text = try parameters.require("id")
            guard let id = AgentID(text) else { throw Problem.unknownServer(text) }
            return id
        }
    }
}
