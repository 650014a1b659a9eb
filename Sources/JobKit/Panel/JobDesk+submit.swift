import ManifestKit
import OpenSSLCrypto
import Synchronization
import ValidationKit

// From a request to a committed job.
extension JobDesk {
    /// Answers a request.
    ///
    /// - Throws: ``RecoveryPending`` where nobody knows yet whether it came before under its key; what the store throws
    ///   where nothing could be committed.
    public func submit(_ request: Request) async throws -> Answer {
        let validated: ValidatedInputs
        let warnings: [Validation.Warning]
        let agent = try await store.read { try $0.agent(request.agent) }
        let context = FormContext(server: agent?.hostFacts)
        // Where no value can be made the validator asks for one; that the source failed is no fault of the request.
        let failure = Mutex<(any Error)?>(nil)
        let generator = ValueGenerator { [random] count in
            do {
                return try random(count)
            } catch {
                failure.withLock { $0 = error }
                throw error
            }
        }
        let validation = request.application.validator.validate(
            request.inputs, in: context, generator: generator)
        if let error = failure.withLock(\.self) { throw error }
        switch validation {
        case .invalid(let violations): return .invalid(violations)
        case .valid(let inputs, let found): (validated, warnings) = (inputs, found)
        }
        guard let agent else { return .unknownServer }
        let job = try draft(request, validated, for: agent)
        let answer = try await commit(job, request)
        if case .accepted(let job, _) = answer {
            CrashPoint.acceptAfterCommit.pass()
            onAccepted(request.agent)
            return .accepted(job, warnings: warnings)
        }
        return answer
    }

    /// What came of a request that may have come before: its job, or that the key was another request's; nil where
    /// nothing was accepted under the key.
    ///
    /// To be asked before anything is judged that may have changed since.
    ///
    /// - Throws: ``RecoveryPending`` where nobody knows yet whether it came before; what the store throws.
    /// - Parameters:
    ///   - key: the client's key, or nil where there is none.
    ///   - agent: the server the request is for.
    ///   - actor: who asks; each has keys of their own.
    public func earlier(
        _ key: IdempotencyKey?, for agent: AgentID, actor: String
    ) async throws -> Answer? {
        guard let key else { return nil }
        return try await store.read { [keyring] in try Self.earlier(key, agent, actor, keyring, $0) }
    }

    private static func earlier(
        _ key: IdempotencyKey, _ agent: AgentID, _ actor: String, _ keyring: Keyring, _ store: any StoreReader
    ) throws -> Answer? {
        if let known = try store.job(of: actor, under: key.text) {
            let digests = keyring.panel.map { key.digest(under: $0) }
            let isSame = known.agent == agent && digests.contains { $0 == known.request?.digest }
            return isSame ? .repeated(known) : .keyConflict
        }
        if try store.agent(agent)?.isRecovering == true { throw RecoveryPending(agent: agent) }
        return nil
    }

    private func commit(_ job: JobRecord, _ request: Request) async throws -> Answer {
        do {
            return try await store.write { [keyring, queueLimit] store in
                try Self.commit(job, request, keyring, queueLimit, store)
            }
        } catch is OversizedMessage {
            return .tooLarge
        }
    }

    private static func commit(
        _ job: JobRecord, _ request: Request, _ keyring: Keyring, _ queueLimit: Int, _ store: any StoreWriter
    ) throws -> Answer {
        let key = request.idempotencyKey
        if let key, let answer = try earlier(key, job.agent, job.actor, keyring, store) { return answer }
        guard let agent = try store.agent(job.agent) else { return .unknownServer }
        guard agent.revokedAt == nil else { return .revokedServer }
        guard try store.openJobs(of: job.agent) < queueLimit else { return .queueFull(limit: queueLimit) }
        let checks = request.application.manifest.check(agent.hostFacts)
        guard checks.allSatisfy(\.passed) else { return .unsupportedServer(checks) }
        try store.insert(job)
        try store.checkSize(of: job, keyring: keyring)
        try store.offer(job, keyring: keyring, at: job.createdAt)
        try store.record(
            AuditDraft(
                at: job.createdAt, actor: job.actor, action: "job.accepted", job: job.id, agent: job.agent,
                detail: job.auditDetail))
        CrashPoint.acceptBeforeCommit.pass()
        return .accepted(job, warnings: [])
    }

    private func stamp(of request: Request) -> RequestStamp? {
        request.idempotencyKey.map { key in
            RequestStamp(key: key.text, digest: key.digest(under: keyring.panel[0]))
        }
    }

    private func draft(
        _ request: Request, _ validated: ValidatedInputs, for agent: AgentRecord
    ) throws -> JobRecord {
        let moment = now()
        let id = JobID(at: moment, random: try random(10))
        let manifest = request.application.manifest
        let sealer = keyring.signing(agent).sealer
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
            terms: JobTerms(installing: manifest), request: stamp(of: request), rerunOf: request.rerunOf)
    }
}

extension JobTerms {
    /// What the manifest says of its `install`.
    init(installing manifest: Manifest) {
        let action = manifest.action(named: Action.Standard.install.rawValue)
        self.init(
            timeoutSeconds: action?.timeoutSeconds ?? manifest.timeoutSeconds,
            graceSeconds: action?.killGraceSeconds ?? 10,
            isIdempotent: action?.isIdempotent ?? manifest.isIdempotent,
            retry: action?.retry ?? manifest.retry, exitCodes: action?.exitCodes ?? manifest.exitCodes,
            retained: Set(
                manifest.inputs.filter { $0.retention == .whileInstalled }.map(\.name.description)))
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
        detail["rerun_of"] = rerunOf?.description
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
