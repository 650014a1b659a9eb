import HTTPTypes
import Hummingbird
import HummingbirdCore
import JobKit
import Logging
import NIOCore
import NIOHTTP1
import OpenSSLCrypto
import SQLiteStore

/// Turns whatever is thrown into a problem document; the cause goes to the log alone.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let response = await answer(request, context: context, next: next)
        // What a route answers to HEAD has no body by itself; what was thrown instead still has one.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response(from: request, context: context)
        } catch let error as RecoveryPending {
            return Problem.recovering(error.agent).response(from: request, context: context)
        } catch is HTTPParserError {
            return Problem.badFraming.response(from: request, context: context)
        } catch is NIOTooManyBytesError {
            return Problem.bodyTooLarge.response(from: request, context: context)
        } catch let error as StoreError {
            context.logger.error(
                "store failed", metadata: ["error": "\(error)", "cause": "\(error.underlying as Any)"])
            return Problem(error).response(from: request, context: context)
        } catch let error as CryptoError where error.code == .randomnessUnavailable {
            context.logger.error("request failed", metadata: ["error": "\(error)"])
            return Problem.noRandomness.response(from: request, context: context)
        } catch let error as HTTPError {
            let problem =
                error.status == .notFound
                ? Problem.notFound : Problem(error.status, "http", error.body ?? error.status.reasonPhrase)
            return problem.response(from: request, context: context)
        } catch {
            context.logger.error("request failed", metadata: ["error": "\(error)"])
            return Problem(.internalServerError, "internal", "the panel could not do this; its log tells why")
                .response(from: request, context: context)
        }
    }
}

/// Lets each address through in one spelling only, so that no two programs can read it differently.
///
/// Every part is letters, digits, `-`, `_`, `.` and `~`; none is empty, `.` or `..`. No
/// address of the panel needs more, so there is no escape to decode either.
struct PlainPaths<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard Self.isPlain(request.uri.path) else { throw Problem.notFound }
        return try await next(request, context)
    }

    private static func isPlain(_ path: String) -> Bool {
        guard path.utf8.first == UInt8(ascii: "/"), path != "/" else { return path == "/" }
        return path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .allSatisfy { part in
                !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
                    && part.allSatisfy(isPlain)
            }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

/// Lets through who knows the token; compares digests, in constant time.
struct TokenGuard: Sendable {
    private let digest: [UInt8]

    init(token: String) { digest = SHA256.digest(Array(token.utf8)) }

    /// Whether the request carries the token as a bearer.
    func admitsBearer(_ request: Request) -> Bool {
        guard let header = request.headers[.authorization], header.prefix(7).lowercased() == "bearer " else {
            return false
        }
        return matches(String(header.dropFirst(7)))
    }

    /// Whether the request carries the token as the password of a Basic login, as browsers ask for it.
    func admitsBasic(_ request: Request) -> Bool {
        guard let header = request.headers[.authorization], header.prefix(6).lowercased() == "basic ",
            let bytes = Base64.decode(String(header.dropFirst(6))),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return false }
        return matches(String(decoding: bytes[(colon + 1)...], as: UTF8.self))
    }

    private func matches(_ token: String) -> Bool {
        ConstantTime.equal(SHA256.digest(Array(token.utf8)), digest)
    }
}

/// Guards the API: a bearer token, and nothing a browser would send by itself.
struct BearerAuth<Context: RequestContext>: RouterMiddleware {
    let token: TokenGuard

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard token.admitsBearer(request) else { throw Problem.unauthorized }
        return try await next(request, context)
    }
}

/// Guards the pages: browsers ask for the token as a password, and may only read.
struct PageAuth<Context: RequestContext>: RouterMiddleware {
    let token: TokenGuard

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard token.admitsBasic(request) || token.admitsBearer(request) else {
            var problem = Problem.unauthorized
            problem.headers[.wwwAuthenticate] =
                "Basic realm=\"provision: any name, the token as password\", charset=\"UTF-8\""
            throw problem
        }
        return try await next(request, context)
    }
}

/// Base64 as Basic logins have it.
private enum Base64 {
    static func decode(_ text: String) -> [UInt8]? {
        let url = text.replacing("+", with: "-").replacing("/", with: "_")
        return Base64URL.decode(String(url.prefix { $0 != "=" }))
    }
}
