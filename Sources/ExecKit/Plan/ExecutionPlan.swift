public import ValidationKit

/// Everything a script is given, as a value: nothing is added on the way to `execve`.
public struct ExecutionPlan: Equatable, Sendable {
    /// A variable of the script's environment.
    public struct Variable: Equatable, Sendable {
        /// What the variable holds; a secret is revealed only to the script itself.
        public enum Value: Equatable, Sendable {
            /// A text that anybody may see.
            case plain(String)
            /// A text that nobody but the script sees.
            case secret(Secret)
        }

        /// The variable's name.
        public let name: String
        /// What it holds.
        public let value: Value

        /// What `execve` is given; of a secret, in clear.
        var text: String {
            switch value {
            case .plain(let text): text
            case .secret(let secret): secret.reveal()
            }
        }

        /// A variable that may be shown.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = .plain(value)
        }

        /// A variable that may not be shown.
        public init(_ name: String, secret: Secret) {
            self.name = name
            value = .secret(secret)
        }
    }

    /// A look at the application's health after its script; times in milliseconds of the boot clock.
    public struct Check: Equatable, Sendable {
        /// The check's name in the manifest.
        public var id: String
        /// The program by its full path, then its arguments; all is well where it ends with 0.
        public var arguments: [String]
        /// Whether it is given the script's environment and directory, or none.
        public var seesInputs: Bool
        /// Whether the attempt fails where this check does.
        public var isCritical: Bool
        /// How long one look may take.
        public var timeout: Int
        /// Looks that may fail behind the start period before the check has.
        public var retries: Int
        /// From a look's end to the next one.
        public var interval: Int
        /// From the script's end; until then no failed look counts.
        public var startPeriod: Int
    }

    /// The program by its full path, then its arguments.
    public var arguments: [String]
    /// The whole environment, in order, each name once.
    public var environment: [Variable]
    /// The working directory.
    public var directory: String
    /// How long and how much.
    public var limits: AttemptLimits
    /// What has to be well after a script that ended with 0, in this order.
    public var checks: [Check] = []

    /// The values that no log may show.
    var secrets: [[UInt8]] {
        environment.compactMap { if case .secret = $0.value { Array($0.text.utf8) } else { nil } }
    }

    /// A plan with all its parts.
    public init(arguments: [String], environment: [Variable], directory: String, limits: AttemptLimits) {
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.limits = limits
    }
}

/// The bounds of one attempt; times in milliseconds of the boot clock.
public struct AttemptLimits: Hashable, Sendable {
    /// From the order to its runner's word, until runner and order are taken for lost.
    public var startPatience = standardStartPatience
    /// From the script's first instruction to TERM for its whole tree.
    public var timeout: Int
    /// From TERM to the kill of what is left.
    public var grace: Int
    /// After the script's own end, until processes it left count as leftovers.
    public var patience = 100
    /// From TERM for leftovers to their kill.
    public var leftoverGrace = 1000
    /// How long the kernel has to end killed processes, for each begun thousand.
    public var killBound = 2000
    /// Bytes of output kept from the beginning.
    public var headBytes = 8 << 20
    /// Bytes of output kept from the end.
    public var tailBytes = 8 << 20

    /// What a runner needs for its word is a hundredth of this.
    static let standardStartPatience = 30_000

    /// The limits of a script with a time to run and a time to stop.
    public init(timeout: Int, grace: Int) {
        self.timeout = timeout
        self.grace = grace
    }
}
