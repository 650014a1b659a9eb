import Hummingbird
import JobKit
import ManifestKit
import ValidationKit

/// The body of an install request, read strictly: `{"server_id": "agent-001", "inputs": {…}}`.
struct InstallBody {
    let server: AgentID
    let inputs: RawInputs
    let idempotencyKey: IdempotencyKey?

    init(_ request: Request) async throws {
        var body = try await RequestBody(request)
        idempotencyKey = body.idempotencyKey
        let name = body.string("server_id", "the server's name")
        let inputs = body.inputs()
        try body.finish("the body is not what an install request has to be")
        guard let server = AgentID(name) else { throw Problem.unknownServer(name) }
        self.server = server
        self.inputs = inputs
    }
}

/// The body of a request to run a job again: `{"manifest": "original", "inputs": {…}}`.
struct RerunBody {
    /// Which manifest the job is to be run with.
    enum Basis: String, CaseIterable {
        /// The one it was run with; nothing but its secrets can be given anew.
        case original
        /// The one the panel has today.
        case current
    }

    let basis: Basis
    let inputs: RawInputs
    let idempotencyKey: IdempotencyKey?

    init(_ request: Request) async throws {
        var body = try await RequestBody(request)
        idempotencyKey = body.idempotencyKey
        let text = body.string("manifest", "'original' or 'current'")
        let basis = Basis(rawValue: text)
        if basis == nil, body.isGoodSoFar {
            body.refuse("manifest", "type", "'manifest' has to be 'original' or 'current'")
        }
        inputs = body.inputs()
        try body.finish("the body is not what a request to run a job again has to be")
        self.basis = basis ?? .original
    }
}
