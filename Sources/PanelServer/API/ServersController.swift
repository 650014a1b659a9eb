import Hummingbird
import JobKit
import ManifestKit

/// The servers whose agents the panel has heard of.
struct ServersController: Sendable {
    let store: any JobStore
    let sweep: PresenceSweep

    func addRoutes(to group: RouterGroup<some RequestContext>) { group.only(.get, "servers", use: list) }

    /// Answers `GET /api/servers`.
    @Sendable private func list(request: Request, context: some RequestContext) async throws -> Response {
        _ = try Query(request, allowing: [])
        var servers: [JSONValue] = []
        for agent in try await store.read({ try $0.agents() }) {
            servers.append(agent.payload(await sweep.presence(of: agent.id)))
        }
        return Response(json: ["success": true, "servers": .array(servers)])
    }
}
