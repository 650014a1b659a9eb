/// What a signed `job` message orders an agent to do: its payload, decoded.
///
/// The panel makes it once for an attempt; nobody changes it afterwards.
public struct JobOrder: Hashable, Sendable {
    /// The job and the attempt's number.
    public var attempt: AttemptID
    /// The application's id: a folder of the agent's repository.
    public var application: String
    /// The manifest's packaging revision that the panel showed.
    public var revision: Int
    /// SHA-256 over the application's manifest and files, 64 hexadecimal digits.
    public var contentDigest: String
    /// `install` and, later, the manifest's other actions.
    public var action: String
    /// The script of the application's folder to run.
    public var script: String
    /// Canonical text of each input that is not sensitive.
    public var inputs: [String: String]
    /// Sensitive inputs, each sealed for this agent, job and application.
    public var sealed: [String: SealedInput]
    /// Who asked, for the audit trail.
    public var actor: String
    /// The panel's own mark, which tells it of the request; the agent keeps it for a panel that has lost that.
    public var voucher: [UInt8]
    /// When the panel issued the order, by its own clock.
    public var issuedAt: Timestamp
    /// After this moment of the panel's clock nothing of it may start.
    public var expiresAt: Timestamp
    /// Seconds the script may run: 1 to 86,400.
    public var timeoutSeconds: Int
    /// Seconds between TERM and the kill of the whole tree: 1 to 300.
    public var graceSeconds: Int

    /// An order with all its parts.
    public init(
        attempt: AttemptID, application: String, revision: Int, contentDigest: String, action: String,
        script: String, inputs: [String: String], sealed: [String: SealedInput], actor: String,
        voucher: [UInt8] = [], issuedAt: Timestamp, expiresAt: Timestamp, timeoutSeconds: Int,
        graceSeconds: Int
    ) {
        self.attempt = attempt
        self.application = application
        self.revision = revision
        self.contentDigest = contentDigest
        self.action = action
        self.script = script
        self.inputs = inputs
        self.sealed = sealed
        self.actor = actor
        self.voucher = voucher
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.timeoutSeconds = timeoutSeconds
        self.graceSeconds = graceSeconds
    }
}

/// One sensitive input as it travels and rests: AES-256-GCM, readable only by its agent.
public struct SealedInput: Hashable, Sendable {
    /// Nonce (12 bytes), ciphertext, tag (16 bytes).
    public let bytes: [UInt8]

    /// A sealed value as it came.
    public init(bytes: [UInt8]) { self.bytes = bytes }
}
