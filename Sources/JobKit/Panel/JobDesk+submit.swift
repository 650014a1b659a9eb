import ManifestKit
import OpenSSLCrypto
import ValidationKit

// From a request to a committed job.
extension JobDesk {
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
        guard let agent else { return .unknownServer }
        let job = try draft(request, validated, for: agent)
        let claim = request.idempotencyKey.map { key in
            KeyClaim(key: key, digests: digests(of: request, validated))
        }
        let answer = try await commit(job, claim, request)
        if case .accepted(let job, _) = answer {
            CrashPoint.acceptAfterCommit.pass()
            onAccepted(request.agent)
            return .accepted(job, warnings: warnings)
        }
        return answer
    }

    /// An idempotency key, and what the request looks like under each root secret, the newest first.
    private struct KeyClaim: Sendable {
        let key: String
        let digests: [String]
    }

    private func commit(_ job: JobRecord, _ claim: KeyClaim?, _ request: Request) async throws -> Answer {
        do {
            return try await store.write { [keyring, queueLimit] store in
                try Self.commit(job, claim, request, keyring, queueLimit, store)
            }
        } catch is OversizedMessage {
            return .tooLarge
        }
    }

    private static func commit(
        _ job: JobRecord, _ claim: KeyClaim?, _ request: Request, _ keyring: Keyring, _ queueLimit: Int,
        _ store: any StoreWriter
    ) throws -> Answer {
        if let claim, let known = try store.submission(key: claim.key, actor: job.actor) {
            guard claim.digests.contains(known.digest), let job = try store.job(known.job) else {
                return .keyConflict
            }
            return .repeated(job)
        }
        guard let agent = try store.agent(job.agent) else { return .unknownServer }
        guard agent.revokedAt == nil else { return .revokedServer }
        guard try store.openJobs(of: job.agent) < queueLimit else { return .queueFull(limit: queueLimit) }
        let checks = request.application.manifest.check(agent.hostFacts)
        guard checks.allSatisfy(\.passed) else { return .unsupportedServer(checks) }
        try store.insert(job)
        try store.offer(job, keyring: keyring, at: job.createdAt)
        if let claim {
            try store.remember(
                Submission(key: claim.key, actor: job.actor, digest: claim.digests[0], job: job.id))
        }
        try store.record(
            AuditDraft(
                at: job.createdAt, actor: job.actor, action: "job.accepted", job: job.id, agent: job.agent,
                detail: job.auditDetail))
        CrashPoint.acceptBeforeCommit.pass()
        return .accepted(job, warnings: [])
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
            terms: JobTerms(installing: manifest), rerunOf: request.rerunOf)
    }

    /// Tells two requests under one key apart.
    ///
    /// Secrets count by a keyed digest: a plain one could be guessed. What was
    /// made for a request is no part of it.
    private func digests(of request: Request, _ validated: ValidatedInputs) -> [String] {
        // Those of the first generation: a revocation meanwhile makes no other request of it.
        keyring.keys(for: request.agent).map { digest(of: request, validated, under: $0) }
    }

    private func digest(of request: Request, _ validated: ValidatedInputs, under keys: AgentKeys) -> String {
        var parts = [
            request.agent.description, request.application.manifest.id.description,
            request.rerunOf?.description ?? "",
        ].map { Array($0.utf8) }
        for input in validated.values where input.origin != .generated {
            parts.append(Array(input.name.description.utf8))
            switch input.value {
            case .plain(let text): parts.append(Array(text.utf8))
            case .secret(let secret):
                parts.append(HMACSHA256.tag(for: Array(secret.reveal().utf8), key: keys.sealing))
            }
        }
        return Hex.encode(SHA256.digest(PreAuthenticationEncoding.encode(parts)))
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
