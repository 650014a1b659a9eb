import HTTPTypes
import Hummingbird
import JobKit
import Logging
import ManifestKit

/// The servers whose agents the panel has heard of, and what an operator decides about them.
struct ServersController: Sendable {
    let store: any JobStore
    let desk: ServerDesk
    let sweep: PresenceSweep

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.only(.get, "servers", use: list)
        group.only(.get, "servers/{id}", use: show)
        group.only(.post, "servers/{id}/pause", use: pause)
        add("resume", to: group) { desk, agent in try await desk.resume(agent, actor: Actor.token) }
        add("release", to: group) { desk, agent in try await desk.release(agent, actor: Actor.token) }
        add("revoke", to: group) { desk, agent in try await desk.revoke(agent, actor: Actor.token) }
    }

    /// Answers `GET /api/servers`.
    @Sendable private func list(request: Request, context: some RequestContext) async throws -> Response {
        _ = try Query(request, allowing: [])
        var servers: [JSONValue] = []
        for agent in try await store.read({ try $0.agents() }) {
            servers.append(.object(agent.payload(await sweep.presence(of: agent.id))))
        }
        return Response(json: ["success": true, "servers": .array(servers)])
    }

    /// Answers `GET /api/servers/{id}`.
    @Sendable private func show(request: Request, context: some RequestContext) async throws -> Response {
        _ = try Query(request, allowing: [])
        let id = try context.agentID
        return try await answer(id, try await store.read { try $0.agent(id) })
    }

    /// Answers `POST /api/servers/{id}/pause`.
    @Sendable private func pause(request: Request, context: some RequestContext) async throws -> Response {
        var body = try await RequestBody(request, mayBeMissing: true)
        let note = body.optionalLine("note", "why nothing is to start")
        try body.finish("the body is not what a pause takes")
        let id = try context.agentID
        let agent = try await desk.pause(id, note: note, actor: Actor.token)
        tell("pause", agent, context)
        return try await answer(id, agent)
    }

    /// Adds a route for a decision that takes nothing but the server's name.
    private func add(
        _ verb: String, to group: RouterGroup<some RequestContext>,
        _ decide: @escaping @Sendable (ServerDesk, AgentID) async throws -> AgentRecord?
    ) {
        group.only(.post, "servers/{id}/\(verb)") { request, context in
            var body = try await RequestBody(request, mayBeMissing: true)
            try body.finish("this takes no members")
            let id = try context.agentID
            let agent = try await decide(desk, id)
            tell(verb, agent, context)
            return try await answer(id, agent)
        }
    }

    private func tell(_ verb: String, _ agent: AgentRecord?, _ context: some RequestContext) {
        guard let agent else { return }
        context.logger.notice(
            "decision about a server", metadata: ["agent": "\(agent.id)", "decision": "\(verb)"])
    }

    private func answer(_ id: AgentID, _ agent: AgentRecord?) async throws -> Response {
        guard let agent else { throw Problem.unknownServer(id.description) }
        var payload = agent.payload(await sweep.presence(of: id))
        payload["open_jobs"] = .integer(try await store.read { try $0.openJobs(of: id) })
        payload["success"] = true
        return Response(json: .object(payload))
    }
}
