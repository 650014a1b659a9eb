public import ManifestKit
import OpenSSLCrypto
public import ValidationKit

// What can be asked for a job that is there.
extension JobDesk {
    /// Calls a job off, or notes the wish where its script may already run.
    ///
    /// - Returns: the job as it stands, or nil where there is none.
    /// - Throws: ``RecoveryPending`` where nobody knows yet whether it ran.
    public func cancel(_ id: JobID, actor: String) async throws -> JobRecord? {
        try await decide(.cancelRequested, on: id, actor: actor)
    }

    /// Gives a job up: it failed, whatever becomes of it.
    ///
    /// For what only a person can know, such as a server that is gone for good. Should its agent come back, it is
    /// told to call the job off.
    ///
    /// - Parameters:
    ///   - id: the job.
    ///   - name: the operator who takes it on.
    ///   - note: why.
    /// - Returns: the job as it stands, or nil where there is none.
    public func abandon(_ id: JobID, operator name: String, note: String) async throws -> JobRecord? {
        try await decide(
            .abandoned(Self.abandonment(by: name, note: note)), on: id, actor: "operator:\(name)")
    }

    /// What a job that was given up says about it.
    public static func abandonment(by name: String, note: String) -> String { "given up by \(name): \(note)" }

    /// Takes the job through the event, and has the agent call it off where that changed it.
    private func decide(_ event: JobEvent, on id: JobID, actor: String) async throws -> JobRecord? {
        let moment = now()
        let job = try await store.write { [keyring] store -> JobRecord? in
            guard let job = try store.job(id) else { return nil }
            if event == .cancelRequested, try store.agent(job.agent)?.isRecovering == true {
                throw RecoveryPending(agent: job.agent)
            }
            guard case .changed(let next) = try store.apply(event, to: job, actor: actor, at: moment) else {
                return job
            }
            try store.post(.cancel(id, actor: actor), to: job.agent, keyring: keyring)
            return next
        }
        if let job { onAccepted(job.agent) }
        return job
    }

    /// The answers of a job, to run it again with: what it keeps, replaced and completed by what is given anew.
    ///
    /// - Parameters:
    ///   - job: the job that is run again.
    ///   - inputs: what is asked for; answers to others are left out, and secrets to inputs that are not sensitive.
    ///   - given: answers that go before the job's own.
    public func answers(
        of job: JobRecord, to inputs: [InputField], replacedBy given: RawInputs
    ) async throws -> RawInputs {
        func names(_ inputs: [InputField]) -> Set<String> {
            Set(inputs.flatMap { [$0.name] + $0.aliases }.map(\.description))
        }
        let (names, secretNames) = (names(inputs), names(inputs.filter(\.isSensitive)))
        var answers = RawInputs()
        for (name, text) in job.inputs where names.contains(name) { answers[name] = .text(text) }
        if let agent = try await store.read({ try $0.agent(job.agent) }) {
            for (name, sealed) in job.sealed where secretNames.contains(name) {
                answers[name] = open(sealed, of: job, input: name, agent).map { .text($0.reveal()) }
            }
        }
        for entry in given.entries { answers[entry.name] = entry.value }
        return answers
    }

    /// Nil where no key that is trusted today opens it: it is asked for again.
    private func open(
        _ sealed: SealedInput, of job: JobRecord, input: String, _ agent: AgentRecord
    ) -> Secret? {
        for keys in keyring.keys(for: agent) {
            if let secret = try? keys.sealer.open(
                sealed, input: input, job: job.id, application: job.application.id)
            {
                return secret
            }
        }
        return nil
    }
}

/// The panel was restored from a backup, and the agent has still to tell what became of its jobs.
public struct RecoveryPending: Error, Hashable, Sendable {
    /// The agent.
    public let agent: AgentID
}
