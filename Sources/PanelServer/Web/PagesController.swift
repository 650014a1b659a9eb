import HTTPTypes
import Hummingbird
import JobKit
import ManifestKit
import Mustache
import ValidationKit

/// The plain pages: the applications, and the form that a manifest makes, with the script that keeps it up to date.
struct PagesController: Sendable {
    let catalog: Catalog
    let templates: MustacheLibrary

    init(catalog: Catalog) throws {
        self.catalog = catalog
        templates = try PageTemplates.library()
    }

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.only(.get, "/", use: apps)
        group.only(.get, "apps/{id}", use: app)
        group.only(.get, "assets/form.js", use: formScript)
    }

    @Sendable private func apps(request: Request, context: some RequestContext) async throws -> Response {
        let rows = catalog.entries.map(\.application.manifest).map { manifest in
            [
                "id": manifest.id.description, "name": manifest.name, "version": manifest.version,
                "category": manifest.category, "description": manifest.description,
            ]
        }
        return try page("apps", ["title": "Applications", "apps": rows])
    }

    @Sendable private func app(request: Request, context: some RequestContext) async throws -> Response {
        let id = try context.parameters.require("id")
        guard let manifest = catalog[id]?.application.manifest else { throw Problem.unknownApplication(id) }
        return try page("app", FormModel(manifest).context)
    }

    @Sendable private func formScript(request: Request, context: some RequestContext) async throws -> Response
    {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/javascript; charset=utf-8", .cacheControl: "no-store",
                .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.form_js)))
    }

    private func page(_ template: String, _ context: [String: Any]) throws -> Response {
        guard let html = templates.render(context, withTemplate: template) else { throw Problem.notFound }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .xContentTypeOptions: "nosniff",
                .contentSecurityPolicy:
                    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }
}
