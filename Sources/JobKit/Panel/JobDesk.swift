public import ManifestKit
import OpenSSLCrypto
public import ValidationKit

/// Takes requests in: validates, seals, and commits job, message and audit line in one transaction.
///
/// When ``submit(_:)`` returns an accepted job, it is on the disk.
public struct JobDesk: Sendable {
    /// What someone asks for.
    public struct Request: Sendable {
        /// The application, from the panel's own repository.
        public let application: Application
        /// SHA-256 over the application's manifest and files, as the panel has them.
        public let contentDigest: String
        /// The server.
        public let agent: AgentID
        /// The inputs as they came.
        public let inputs: RawInputs
        /// Who asks.
        public let actor: String
        /// The client's key for this request, or nil.
        public let idempotencyKey: String?

        /// A request with its parts.
        public init(
            application: Application, contentDigest: String, agent: AgentID, inputs: RawInputs, actor: String,
            idempotencyKey: String?
        ) {
            self.application = application
            self.contentDigest = contentDigest
            self.agent = agent
            self.inputs = inputs
            self.actor = actor
            self.idempotencyKey = idempotencyKey
        }
    }

    /// What came of a request.
    public enum Answer: Sendable {
        /// Committed; with what there is to tell about the inputs all the same.
        case accepted(JobRecord, warnings: [Validation.Warning])
        /// The same request was accepted before: this is its job.
        case repeated(JobRecord)
        /// The key was used for another request.
        case keyConflict
        /// No such server.
        case unknownServer
        /// The server does not meet the manifest's requirements.
        case unsupportedServer([HostCheck])
        /// What is wrong with the inputs, all of it.
        case invalid([Violation])
        /// Each input will do, but all of them together make a message larger than agents take.
        case tooLarge
    }

    private let store: any JobStore
    private let keyring: Keyring
    private let jobLife: Int
    private let now: @Sendable () -> Timestamp
    private let random: @Sendable (Int) throws -> [UInt8]
    private let onAccepted: @Sendable (AgentID) -> Void

    /// A desk with all its parts.
    ///
    /// - Parameters:
    ///   - store: where jobs are committed.
    ///   - keyring: the keys of every agent.
    ///   - jobLife: seconds after which an accepted job may no longer start.
    ///   - now: reads the panel's clock.
    ///   - random: that many bytes nobody can foresee.
    ///   - onAccepted: told the agent after each commit, to send without delay.
    public init(
        store: any JobStore, keyring: Keyring, jobLife: Int = 24 * 3600,
        now: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable (Int) throws -> [UInt8], onAccepted: @escaping @Sendable (AgentID) -> Void
    ) {
        self.store = store
        self.keyring = keyring
        self.jobLife = jobLife
        self.now = now
        self.random = random
        self.onAccepted = onAccepted
    }

    /// Answers a request.
    ///
    /// - Throws: what the store throws where nothing could be committed.
    public func submit(_ request: Request) async throws -> Answer {
        let validated: ValidatedInputs
        let warnings: [Validation.Warning]
        let agent = try await store.read { try $0.agent(request.agent) }
        let context = FormContext(server: agent?.hostFacts)
        let generator = ValueGenerator(random: random)
        switch request.application.validator.validate(request.inputs, in: context, generator: generator) {
        case .invalid(let violations): return .invalid(violations)
        case .valid(let inputs, let found): (validated, warnings) = (inputs, found)
        }
        let job = try draft(request, validated)
        let submission = request.idempotencyKey.map { key in
            Submission(key: key, actor: request.actor, digest: digest(of: request, validated), job: job.id)
        }
        let answer = try await commit(job, submission, request)
        if case .accepted(let job, _) = answer {
            onAccepted(request.agent)
            return .accepted(job, warnings: warnings)
        }
        return answer
    }

    private func commit(
        _ job: JobRecord, _ submission: Submission?, _ request: Request
    ) async throws -> Answer {
        do {
            return try await store.write { [keyring] store in
                try Self.commit(job, submission, request, keyring, store)
            }
        } catch is OversizedMessage {
            return .tooLarge
        }
    }

    private static func commit(
        _ job: JobRecord, _ submission: Submission?, _ request: Request, _ keyring: Keyring,
        _ store: any StoreWriter
    ) throws -> Answer {
        if let submission, let known = try store.submission(key: submission.key, actor: submission.actor) {
            guard known.digest == submission.digest, let job = try store.job(known.job) else {
                return .keyConflict
            }
            return .repeated(job)
        }
        guard let agent = try store.agent(job.agent) else { return .unknownServer }
        let checks = request.application.manifest.check(agent.hostFacts)
        guard checks.allSatisfy(\.passed) else { return .unsupportedServer(checks) }
        try store.insert(job)
        try store.post(.job(job.order(at: job.createdAt)), to: job.agent, keyring: keyring)
        if let submission { try store.remember(submission) }
        try store.record(
            AuditDraft(
                at: job.createdAt, actor: job.actor, action: "job.accepted", job: job.id, agent: job.agent,
                detail: job.auditDetail))
        return .accepted(job, warnings: [])
    }

    /// Calls a job off, or notes the wish where its script may already run.
    ///
    /// - Returns: the job as it stands, or nil where there is none.
    public func cancel(_ id: JobID, actor: String) async throws -> JobRecord? {
        let moment = now()
        let job = try await store.write { [keyring] store -> JobRecord? in
            guard let job = try store.job(id) else { return nil }
            guard
                case .changed(let next) = try store.apply(.cancelRequested, to: job, actor: actor, at: moment)
            else {
                return job
            }
            try store.post(.cancel(id, actor: actor), to: job.agent, keyring: keyring)
            return next
        }
        if let job { onAccepted(job.agent) }
        return job
    }

    private func draft(_ request: Request, _ validated: ValidatedInputs) throws -> JobRecord {
        let moment = now()
        let id = JobID(at: moment, random: try random(10))
        let manifest = request.application.manifest
        let sealer = keyring.signing(request.agent).sealer
        var inputs: [String: String] = [:]
        var sealed: [String: SealedInput] = [:]
        // What nobody is asked for the agent finds in the manifest itself.
        for input in validated.values where input.origin != .hidden && input.origin != .kept {
            let name = input.name.description
            switch input.value {
            case .plain(let text): inputs[name] = text
            case .secret(let secret):
                sealed[name] = try sealer.seal(
                    secret, input: name, job: id, application: manifest.id.description, nonce: try random(12))
            }
        }
        return JobRecord(
            id: id, agent: request.agent,
            application: ApplicationStamp(
                id: manifest.id.description, revision: manifest.revision,
                contentDigest: request.contentDigest,
                script: manifest.installScript),
            action: "install", inputs: inputs, sealed: sealed, actor: request.actor, createdAt: moment,
            expiresAt: moment.advanced(bySeconds: jobLife),
            terms: JobTerms(
                timeoutSeconds: manifest.timeoutSeconds, isIdempotent: manifest.isIdempotent,
                exitCodes: manifest.exitCodes))
    }

    /// Tells two requests under one key apart.
    ///
    /// Secrets count by a keyed digest: a plain one could be guessed. What was
    /// made for a request is no part of it.
    private func digest(of request: Request, _ validated: ValidatedInputs) -> String {
        var parts = [request.agent.description, request.application.manifest.id.description].map {
            Array($0.utf8)
        }
        for input in validated.values where input.origin != .generated {
            parts.append(Array(input.name.description.utf8))
            switch input.value {
            case .plain(let text): parts.append(Array(text.utf8))
            case .secret(let secret):
                parts.append(
                    HMACSHA256.tag(
                        for: Array(secret.reveal().utf8), key: keyring.signing(request.agent).sealing))
            }
        }
        return Hex.encode(SHA256.digest(PreAuthenticationEncoding.encode(parts)))
    }
}

extension JobRecord {
    /// What the audit trail says of an accepted job: everything but the secrets, which it only names.
    var auditDetail: [String: String] {
        var detail = [
            "application": application.id, "revision": String(application.revision),
            "content_digest": application.contentDigest, "action": action,
            "attempt": String(attempt.id.number),
        ]
        for (name, text) in inputs { detail["input.\(name)"] = text }
        for name in sealed.keys { detail["input.\(name)"] = "sealed" }
        return detail
    }
}

extension AgentRecord {
    /// The host's facts, as its last beat told them.
    var hostFacts: HostFacts {
        HostFacts(
            osID: facts["os_id"] ?? "", versionID: facts["os_version"],
            idLike: (facts["os_like"] ?? "").split(separator: " ").map { String($0) },
            codename: facts["os_codename"],
            architecture: facts["arch"] ?? "", memoryMiB: facts["ram_mb"].flatMap { Int($0) },
            diskMiB: facts["disk_mb"].flatMap { Int($0) }, processors: facts["cpu_cores"].flatMap { Int($0) })
    }
}
