/// Something that can be done with an application on a server.
public struct Action: Sendable {
    /// The names that have a meaning of their own.
    public enum Standard: String, Sendable, CaseIterable {
        /// Puts the application on the server.
        case install
        /// Applies other answers to an installed application.
        case configure
        /// Brings a newer version.
        case upgrade
        /// Takes the application off the server.
        case remove
        /// Tells how its services are.
        case status
        /// Starts its services.
        case start
        /// Stops its services.
        case stop
        /// Restarts its services.
        case restart
        /// Runs its health checks.
        case verify
        /// Saves its data.
        case backup
        /// Brings saved data back.
        case restore
    }

    /// What carries an action out.
    public enum Means: Sendable, Hashable {
        /// A script of the application's folder, by its relative path.
        case script(String)
        /// The units under `services`.
        case services
        /// The checks under `health`.
        case health
    }

    /// The action's name: one of ``Standard``, or the application's own.
    public let name: String
    /// What carries it out.
    public let means: Means
    /// What a person reads; the name if the manifest says nothing else.
    public let label: String
    /// More about it.
    public let description: String?
    /// The inputs of the manifest that it asks; nil for all of them.
    public let inputs: [InputName]?
    /// Inputs that only this action asks.
    public let ownInputs: [InputField]
    /// The positions of its own inputs, each after those its visibility depends on.
    package let ownEvaluationOrder: [Int]
    /// How long its script may run.
    public let timeoutSeconds: Int
    /// How long a script that is told to end may take before it is killed.
    public let killGraceSeconds: Int
    /// Whether the platform may run it again on its own.
    public let isIdempotent: Bool
    /// Whether a person has to type its name before it is carried out.
    public let isDestructive: Bool
    /// Whether it succeeds only if the application's health checks do.
    public let hasHealthGate: Bool
    /// Whether and when it is tried again.
    public let retry: RetryRule
    /// The meanings given to exit codes, those of the manifest among them.
    public let exitCodes: [Int: ExitCodeMeaning]
}

/// Whether and when an action is tried again by itself, where it is idempotent.
public struct RetryRule: Sendable, Hashable {
    /// How the pause between attempts grows.
    public enum Backoff: String, Sendable, CaseIterable {
        /// It doubles each time.
        case exponential
        /// It stays the same.
        case fixed
    }

    /// Attempts in all, the first included.
    public let maxAttempts: Int
    /// How the pause grows.
    public let backoff: Backoff
    /// The first pause.
    public let baseSeconds: Int
    /// The longest pause.
    public let maxSeconds: Int

    /// Three attempts, ten seconds and up to five minutes between them.
    public static let standard = RetryRule(
        maxAttempts: 3, backoff: .exponential, baseSeconds: 10, maxSeconds: 300)

    package init(maxAttempts: Int, backoff: Backoff, baseSeconds: Int, maxSeconds: Int) {
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.baseSeconds = baseSeconds
        self.maxSeconds = maxSeconds
    }
}
