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
        public let idempotencyKey: IdempotencyKey?
        /// The job that is run again, or nil.
        public let rerunOf: JobID?

        /// A request with its parts.
        public init(
            application: Application, contentDigest: String, agent: AgentID, inputs: RawInputs, actor: String,
            idempotencyKey: IdempotencyKey?, rerunOf: JobID? = nil
        ) {
            self.application = application
            self.contentDigest = contentDigest
            self.agent = agent
            self.inputs = inputs
            self.actor = actor
            self.idempotencyKey = idempotencyKey
            self.rerunOf = rerunOf
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
        /// The server's agent was revoked, and no other was enrolled in its place.
        case revokedServer
        /// That many jobs of the server are not final yet, which is all there may be.
        case queueFull(limit: Int)
        /// The server does not meet the manifest's requirements.
        case unsupportedServer([HostCheck])
        /// What is wrong with the inputs, all of it.
        case invalid([Violation])
        /// Each input will do, but all of them together make a message larger than agents take.
        case tooLarge
    }

    /// Jobs of one server that may be open at once, unless told otherwise.
    public static let standardQueueLimit = 1000

    let store: any JobStore
    let keyring: Keyring
    let jobLife: Int
    let queueLimit: Int
    let now: @Sendable () -> Timestamp
    let random: @Sendable (Int) throws -> [UInt8]
    let onAccepted: @Sendable (AgentID) -> Void

    /// A desk with all its parts.
    ///
    /// - Parameters:
    ///   - store: where jobs are committed.
    ///   - keyring: the keys of every agent.
    ///   - jobLife: seconds after which an accepted job may no longer start.
    ///   - queueLimit: jobs of one server that may be open at once.
    ///   - now: reads the panel's clock.
    ///   - random: that many bytes nobody can foresee.
    ///   - onAccepted: told the agent after each commit, to send without delay.
    public init(
        store: any JobStore, keyring: Keyring, jobLife: Int = 24 * 3600,
        queueLimit: Int = standardQueueLimit,
        now: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable (Int) throws -> [UInt8], onAccepted: @escaping @Sendable (AgentID) -> Void
    ) {
        self.store = store
        self.keyring = keyring
        self.jobLife = jobLife
        self.queueLimit = queueLimit
        self.now = now
        self.random = random
        self.onAccepted = onAccepted
    }
}
