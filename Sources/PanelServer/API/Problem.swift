import HTTPTypes
import Hummingbird
import JobKit
import ManifestKit
import SQLiteStore
import ValidationKit

/// An answer that is not a success: RFC 9457's problem document, with the house's own members beside it.
struct Problem: Error, HTTPResponseError {
    /// One thing that is wrong, and where.
    struct Item {
        /// The member or input in question; empty for the request as a whole.
        let field: String
        /// The stable name of what is wrong.
        let code: String
        /// One sentence for people.
        let message: String
    }

    let status: HTTPResponse.Status
    /// What went wrong in general, the same for every request of the kind.
    let title: String
    let items: [Item]
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ title: String, _ items: [Item]) {
        self.status = status
        self.title = title
        self.items = items
    }

    /// A problem with one item, about the request as a whole or one member of it.
    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, field: String = "") {
        self.init(status, message, [Item(field: field, code: code, message: message)])
    }

    func response(from request: Request, context: some RequestContext) -> Response {
        let document: JSONValue = [
            "type": "about:blank", "title": .string(status.reasonPhrase), "status": .integer(status.code),
            "detail": .string(title), "success": false,
            "errors": .array(
                items.map {
                    ["field": .string($0.field), "code": .string($0.code), "message": .string($0.message)]
                }),
        ]
        var response = Response(json: document, status: status, contentType: "application/problem+json")
        response.headers.append(contentsOf: headers)
        return response
    }
}

// The one table from what can go wrong to what the client is told.
extension Problem {
    static let unauthorized: Problem = {
        var problem = Problem(.unauthorized, "unauthorized", "a valid bearer token is required")
        problem.headers[.wwwAuthenticate] = "Bearer realm=\"provision\""
        return problem
    }()

    static let notFound = Problem(.notFound, "not_found", "there is nothing at this address")
    static let bodyTooLarge = Problem(.contentTooLarge, "too_large", "the body is larger than 1 MiB")
    static let orderTooLarge = Problem(
        .contentTooLarge, "too_large", "the inputs together are more than one order to a server can hold",
        field: "inputs")
    static let badFraming = Problem(.badRequest, "invalid_http", "the body is not framed as HTTP/1.1 has it")
    static let keyConflict = Problem(
        .unprocessableContent, "idempotency_key_reused", "this Idempotency-Key was used for another request")
    static let badKey = Problem(
        .badRequest, "idempotency_key_invalid", "an Idempotency-Key has 1 to 255 visible ASCII characters")
    static let mediaType = Problem(
        .unsupportedMediaType, "media_type", "the body has to be JSON: send 'Content-Type: application/json'")

    static let noRandomness: Problem = {
        var problem = Problem(.serviceUnavailable, "unavailable", "nothing was accepted; try again later")
        problem.headers[.retryAfter] = "10"
        return problem
    }()

    static func methodNotAllowed(_ allowed: String) -> Problem {
        var problem = Problem(
            .methodNotAllowed, "method_not_allowed", "this address answers to \(allowed) only")
        problem.headers[.allow] = allowed
        return problem
    }

    static func unknownApplication(_ id: String) -> Problem {
        Problem(.notFound, "unknown_app", "there is no application '\(id.prefix(80))'")
    }

    static func unknownJob(_ id: String) -> Problem {
        Problem(.notFound, "unknown_job", "there is no job '\(id.prefix(80))'")
    }

    static func unknownAttempt(_ number: Int, of id: String) -> Problem {
        Problem(
            .notFound, "unknown_attempt", "job '\(id.prefix(80))' has no attempt \(number)", field: "attempt")
    }

    static func unknownServer(_ id: String) -> Problem {
        Problem(.notFound, "unknown_server", "there is no server '\(id.prefix(80))'", field: "server_id")
    }

    static func final(_ job: JobRecord) -> Problem {
        Problem(
            .conflict, "final", "job '\(job.id)' has \(job.state.rawValue) already; nothing can change that")
    }

    static func recovering(_ server: AgentID) -> Problem {
        var problem = Problem(
            .conflict, "recovering",
            "the panel was restored, and server '\(server)' has still to tell what became of its jobs; try again later"
        )
        problem.headers[.retryAfter] = "10"
        return problem
    }

    static func applicationChanged(_ id: String) -> Problem {
        Problem(
            .conflict, "application_changed",
            "application '\(id)' has changed since; run the job again with the 'current' manifest",
            field: "manifest")
    }

    static func answersFixed(_ names: [String]) -> Problem {
        Problem(
            .unprocessableContent, "the job is run again as it was",
            names.map {
                Item(field: $0, code: "readonly", message: "only sensitive inputs can be given again")
            })
    }

    static func revoked(_ server: AgentID) -> Problem {
        Problem(
            .conflict, "revoked", "the agent of server '\(server)' was revoked; enrol the server anew first",
            field: "server_id")
    }

    static func queueFull(_ server: AgentID, limit: Int) -> Problem {
        var problem = Problem(
            .tooManyRequests, "queue_full",
            "server '\(server)' has \(limit) jobs that are not over, which is all it may have (PANEL_QUEUE_LIMIT)",
            field: "server_id")
        problem.headers[.retryAfter] = "60"
        return problem
    }

    static func withdrawn(_ id: String) -> Problem {
        Problem(.conflict, "withdrawn", "application '\(id)' is withdrawn; it is not installed any more")
    }

    static func unsupportedServer(_ checks: [HostCheck]) -> Problem {
        let items = checks.filter { !$0.passed }.map { check in
            Item(
                field: "server_id",
                code: check.check.isResource ? "resources_insufficient" : "os_unsupported",
                message:
                    "\(check.check.rawValue) of the server is '\(check.actual)'; wanted is \(check.wanted)")
        }
        return Problem(.conflict, "the server does not meet the application's requirements", items)
    }

    init(_ violations: [Violation]) {
        self.init(
            .unprocessableContent, "the inputs do not satisfy the application's manifest",
            violations.map { Item(field: $0.field, code: $0.code.rawValue, message: $0.message) })
    }

    init(_ error: JSONError) {
        let code = error.code == .syntax || error.code == .depth ? "invalid_json" : error.code.rawValue
        self.init(.badRequest, code, "the body is not JSON as it has to be: \(error.description)")
    }

    init(_ error: StoreError) {
        switch error.code {
        case .diskFull, .unavailable:
            self.init(.serviceUnavailable, error.code.description, "nothing was accepted; try again later")
            headers[.retryAfter] = "10"
        default:
            self.init(.internalServerError, "internal", "the panel could not do this; its log tells why")
        }
    }
}

extension Response {
    init(json value: JSONValue, status: HTTPResponse.Status = .ok, contentType: String = "application/json") {
        self.init(
            status: status,
            headers: [.contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.bytes())))
    }
}
