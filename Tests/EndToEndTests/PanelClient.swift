import Dispatch
import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

/// What a panel answered.
struct Answer: Sendable {
    let status: Int
    /// By lower-case name.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body's members.
    var json: JSONObject {
        get throws { try #require(try JSONValue(parsing: body).object, "no JSON object: \(text)") }
    }

    /// `field code` of each finding of a problem document, in order.
    var findings: [String] {
        get throws {
            try json["errors"]?.array?.map { finding in
                "\(finding.object?["field"]?.string ?? "?") \(finding.object?["code"]?.string ?? "?")"
            } ?? []
        }
    }
}

/// Speaks HTTP over a socket of its own for each request, so that it can also speak it badly.
struct PanelClient: Sendable {
    static let token = "the token of the end-to-end tests, long enough"

    let port: UInt16
    var token: String? = PanelClient.token

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, _ body: some Sequence<UInt8>, headers: [String: String] = [:]) async throws
        -> Answer
    {
        let all = ["content-type": "application/json"].merging(headers) { $1 }
        return try await send("POST", path, headers: all, body: Array(body))
    }

    /// Asks for an application on the agent.
    func install(
        _ application: String, _ inputs: JSONObject = [:], server: String = Fixtures.agent.description,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        let body: JSONValue = ["server_id": .string(server), "inputs": .object(inputs)]
        return try await post("/api/apps/\(application)/install", body.bytes(), headers: headers)
    }

    /// An answer, or nil where there is no panel to give one.
    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
    ) async throws -> Answer {
        var lines = ["\(method) \(path) HTTP/1.1", "host: panel", "connection: close"]
        if let token { lines.append("authorization: Bearer \(token)") }
        for (name, value) in headers where !value.isEmpty { lines.append("\(name): \(value)") }
        if let body { lines.append("content-length: \(body.count)") }
        let head = lines.joined(separator: "\r\n") + "\r\n\r\n"
        return try Self.answer(in: await raw(Array(head.utf8) + (body ?? [])))
    }

    /// Sends bytes as they are and returns all that comes back until the panel hangs up.
    func raw(_ bytes: [UInt8]) async throws -> [UInt8] {
        let port = port
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try Self.exchange(bytes, port) })
            }
        }
    }

    /// Connects a socket to the panel on this port.
    static func connect(_ descriptor: CInt, to port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafeBytes(of: address) { raw in
            Glibc.connect(
                descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
                == 0
        }
        guard isConnected else { throw SystemFailure("no panel on port \(port)") }
    }

    private static func exchange(_ bytes: [UInt8], _ port: UInt16) throws -> [UInt8] {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        try connect(descriptor, to: port)
        var sent = 0
        // A panel may answer and hang up before it has read everything.
        while sent < bytes.count,
            case let count = Glibc.send(
                descriptor, Array(bytes[sent...]), bytes.count - sent, CInt(MSG_NOSIGNAL)),
            count > 0
        {
            sent += count
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
            answer += buffer[..<count]
        }
        return answer
    }

    /// Takes the one answer in `bytes` apart.
    ///
    /// - Throws: where there is none; tests that kill panels expect that.
    static func answer(in bytes: [UInt8]) throws -> Answer {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) })
        else {
            throw SystemFailure("the panel hung up without an answer")
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count > 1, let status = Int(words[1]) else {
            throw SystemFailure("no status in '\(lines.first ?? "")'")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = String(parts.last?.drop { $0 == " " } ?? "")
        }
        let body = Array(bytes[(end + 4)...])
        return Answer(
            status: status, headers: headers,
            body: headers["transfer-encoding"] == "chunked" ? try unchunked(body) : body)
    }

    private static func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let newline = rest.firstIndex(of: 0x0A),
            let size = Int(String(decoding: rest[..<newline].dropLast(), as: UTF8.self), radix: 16)
        {
            guard size > 0 else { return body }
            body += rest[(newline + 1)...].prefix(size)
            rest = rest[(newline + 1)...].dropFirst(size + 2)
        }
        throw SystemFailure("the body breaks off")
    }
}
