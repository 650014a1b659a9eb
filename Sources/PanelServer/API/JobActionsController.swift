import HTTPTypes
import Hummingbird
import JobKit
import Logging
import ManifestKit
import ValidationKit

/// Who asks, as the audit trail names them.
enum Actor {
    /// Whoever has the panel's token.
    static let token = "token:panel"
}

/// What can be asked for a job that is there: call it off, give it up, run it again.
struct JobActionsController: Sendable {
    let catalog: Catalog
    let desk: JobDesk
    let store: any JobStore
    let feed: JobFeed

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.only(.post, "jobs/{id}/cancel", use: cancel)
        group.only(.post, "jobs/{id}/abandon", use: abandon)
        group.only(.post, "jobs/{id}/rerun", use: rerun)
    }

    /// Answers `POST /api/jobs/{id}/cancel`.
    @Sendable private func cancel(request: Request, context: some RequestContext) async throws -> Response {
        var body = try await RequestBody(request, mayBeMissing: true)
        try body.finish("a cancel takes no members")
        let id = try context.jobID
        guard let job = try await desk.cancel(id, actor: Actor.token) else {
            throw Problem.unknownJob(id.description)
        }
        guard !job.state.isFinal || job.state == .cancelled else { throw Problem.final(job) }
        feed.tell(id)
        context.logger.notice("job called off", metadata: ["job": "\(id)", "state": "\(job.state.rawValue)"])
        var payload = job.payload
        payload["success"] = true
        return Response(json: .object(payload), status: job.state.isFinal ? .ok : .accepted)
    }

    /// Answers `POST /api/jobs/{id}/abandon`.
    @Sendable private func abandon(request: Request, context: some RequestContext) async throws -> Response {
        var body = try await RequestBody(request)
        let name = body.line("operator", "the name of who decides this")
        let note = body.line("note", "why the job is given up")
        try body.finish("the body is not what giving up a job takes")
        let id = try context.jobID
        guard let job = try await desk.abandon(id, operator: name, note: note) else {
            throw Problem.unknownJob(id.description)
        }
        // A repetition of the request is answered, another operator's is too late.
        guard job.reason == .abandoned, job.detail == JobDesk.abandonment(by: name, note: note) else {
            throw Problem.final(job)
        }
        feed.tell(id)
        context.logger.notice("job given up", metadata: ["job": "\(id)", "operator": "\(name)"])
        var payload = job.payload
        payload["success"] = true
        return Response(json: .object(payload))
    }

    /// Answers `POST /api/jobs/{id}/rerun`.
    @Sendable private func rerun(request: Request, context: some RequestContext) async throws -> Response {
        let body = try await RerunBody(request)
        let id = try context.jobID
        guard let job = try await store.read({ try $0.job(id) }) else {
            // A client that asks again may name a job that is still to be told of.
            if body.idempotencyKey != nil,
                let agent = try await store.read({ try $0.agents().first(where: \.isRecovering)?.id })
            {
                throw Problem.recovering(agent)
            }
            throw Problem.unknownJob(id.description)
        }
        if let answer = try await desk.earlier(body.idempotencyKey, for: job.agent, actor: Actor.token) {
            return try Response(answer, server: job.agent)
        }
        guard let entry = catalog[job.application.id] else {
            throw Problem.unknownApplication(job.application.id)
        }
        let manifest = entry.application.manifest
        guard manifest.stability != .withdrawn else { throw Problem.withdrawn(job.application.id) }
        if body.basis == .original { try check(body.inputs, of: job, entry) }
        let answer = try await desk.submit(
            JobDesk.Request(
                application: entry.application, contentDigest: entry.contentDigest, agent: job.agent,
                inputs: try await desk.answers(of: job, to: manifest.inputs, replacedBy: body.inputs),
                actor: Actor.token, idempotencyKey: body.idempotencyKey, rerunOf: job.id))
        return try Response(answer, server: job.agent)
    }

    /// As it was is with the files and the answers it had; only what is not kept may be given.
    private func check(_ inputs: RawInputs, of job: JobRecord, _ entry: Catalog.Entry) throws {
        guard entry.contentDigest == job.application.contentDigest else {
            throw Problem.applicationChanged(job.application.id)
        }
        let sensitive = Set(entry.application.manifest.inputs.filter(\.isSensitive).map(\.name.description))
        let others = inputs.entries.map(\.name).filter { !sensitive.contains($0) }
        guard others.isEmpty else { throw Problem.answersFixed(others) }
    }
}

extension Response {
    /// What came of a request for a job.
    init(_ answer: JobDesk.Answer, server: AgentID) throws {
        switch answer {
        case .accepted(let job, let warnings): self.init(accepted: job, warnings)
        case .repeated(let job): self.init(accepted: job, [])
        case .keyConflict: throw Problem.keyConflict
        case .unknownServer: throw Problem.unknownServer(server.description)
        case .revokedServer: throw Problem.revoked(server)
        case .queueFull(let limit): throw Problem.queueFull(server, limit: limit)
        case .unsupportedServer(let checks): throw Problem.unsupportedServer(checks)
        case .invalid(let violations): throw Problem(violations)
        case .tooLarge: throw Problem.orderTooLarge
        }
    }

    private init(accepted job: JobRecord, _ warnings: [Validation.Warning]) {
        let warnings = warnings.map { warning in
            JSONValue.object([
                "field": .string(warning.field?.description ?? ""), "code": .string(warning.code.rawValue),
                "message": .string(warning.message),
            ])
        }
        self.init(
            json: [
                "success": true, "job_id": .string(job.id.description), "status": .string(job.state.rawValue),
                "server_id": .string(job.agent.description), "app": .string(job.application.id),
                "warnings": .array(warnings), "job_url": .string("/api/jobs/\(job.id)"),
            ], status: .accepted)
        headers[.location] = "/api/jobs/\(job.id)"
    }
}
