import HTTPTypes
import Hummingbird
import JobKit
import ManifestKit
import NIOCore

/// Every route of the panel.
enum PanelRouter {
    static func build(
        token: TokenGuard, catalog: Catalog, desk: JobDesk, servers: ServerDesk,
        store: any JobStore, sweep: PresenceSweep, feed: JobFeed
    ) throws -> Router<PanelContext> {
        let router = Router(context: PanelContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware())
        router.add(middleware: PlainPaths())
        router.only(.get, "api/health") { _, _ in Response(json: ["success": true, "status": "ok"]) }

        let api = router.group("api").add(middleware: BearerAuth(token: token))
        AppsController(catalog: catalog, desk: desk).addRoutes(to: api)
        JobsController(store: store, feed: feed).addRoutes(to: api)
        JobActionsController(catalog: catalog, desk: desk, store: store, feed: feed).addRoutes(to: api)
        ServersController(store: store, desk: servers, sweep: sweep).addRoutes(to: api)

        let pages = router.group().add(middleware: PageAuth(token: token))
        try PagesController(catalog: catalog).addRoutes(to: pages)
        return router
    }
}

/// What is known of a request beside itself.
struct PanelContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The thread that its connection lives on.
    let eventLoop: any EventLoop

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        eventLoop = source.channel.eventLoop
    }
}

extension RouterMethods {
    /// A route that answers to one method, and to all others with 405 and `Allow`; with GET goes HEAD.
    func only(
        _ method: HTTPRequest.Method, _ path: RouterPath,
        use handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        on(path, method: method, use: handler)
        let others: [HTTPRequest.Method] = [
            .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
        ]
        let allowed: [HTTPRequest.Method] = method == .get ? [.get, .head] : [method]
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        for other in others where !allowed.contains(other) {
            on(path, method: other) { _, _ -> Response in throw Problem.methodNotAllowed(names) }
        }
    }
}
