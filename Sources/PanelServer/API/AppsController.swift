import HTTPTypes
import Hummingbird
import JobKit
import ManifestKit
import ValidationKit

/// The applications, and requests to install them.
struct AppsController: Sendable {
    let catalog: Catalog
    let desk: JobDesk

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.only(.get, "apps", use: list)
        group.only(.get, "apps/{id}", use: show)
        group.only(.post, "apps/{id}/install", use: install)
    }

    /// Answers `GET /api/apps?q=&category=`.
    @Sendable private func list(request: Request, context: some RequestContext) async throws -> Response {
        let query = try Query(request, allowing: ["q", "category"])
        let words = query["q"]?.lowercased()
        let category = query["category"]
        let found = catalog.entries.map(\.application.manifest).filter { manifest in
            (category.map { $0 == manifest.category } ?? true)
                && (words.map { manifest.searchText.contains($0) } ?? true)
        }
        return Response(json: [
            "success": true, "apps": .array(found.map(\.summary)), "total": .integer(found.count),
        ])
    }

    /// Answers `GET /api/apps/{id}`.
    @Sendable private func show(request: Request, context: some RequestContext) async throws -> Response {
        _ = try Query(request, allowing: [])
        let entry = try entry(context)
        let manifest = entry.application.manifest
        guard var app = manifest.summary.object else { throw Problem.notFound }
        app["content_digest"] = .string(entry.contentDigest)
        app["timeout_seconds"] = .integer(manifest.timeoutSeconds)
        app["idempotent"] = .bool(manifest.isIdempotent)
        app["author"] = manifest.author.map { .string($0) }
        app["homepage"] = manifest.homepage.map { .string($0) }
        app["license"] = manifest.license.map { .string($0) }
        app["form"] = Form(manifest).json
        return Response(json: ["success": true, "app": .object(app)])
    }

    /// Answers `POST /api/apps/{id}/install`.
    @Sendable private func install(request: Request, context: some RequestContext) async throws -> Response {
        let order = try await InstallBody(request)
        if let answer = try await desk.earlier(
            order.idempotencyKey, for: order.server, actor: Actor.token)
        {
            return try Response(answer, server: order.server)
        }
        let entry = try entry(context)
        let manifest = entry.application.manifest
        guard manifest.stability != .withdrawn else { throw Problem.withdrawn(manifest.id.description) }
        let answer = try await desk.submit(
            JobDesk.Request(
                application: entry.application, contentDigest: entry.contentDigest, agent: order.server,
                inputs: order.inputs, actor: Actor.token, idempotencyKey: order.idempotencyKey))
        return try Response(answer, server: order.server)
    }

    private func entry(_ context: some RequestContext) throws -> Catalog.Entry {
        let id = try context.parameters.require("id")
        guard let entry = catalog[id] else { throw Problem.unknownApplication(id) }
        return entry
    }
}

extension Manifest {
    /// What lists show of an application.
    var summary: JSONValue {
        [
            "id": .string(id.description), "name": .string(name), "version": .string(version),
            "revision": .integer(revision), "description": .string(description),
            "category": .string(category),
            "stability": .string(stability.rawValue), "tags": .array(tags.map { .string($0) }),
        ]
    }

    fileprivate var searchText: String {
        ([id.description, name, description] + tags).joined(separator: "\n").lowercased()
    }
}
