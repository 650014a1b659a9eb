/// What a script says with its exit code, and whether to try again.
///
/// The installer's contract: 0 success, 1 fix the inputs, 2 try again with
/// backoff, 3 a person must act, 124 timeout; the rest is what the system uses.
public struct ExitCodeMeaning: Sendable, Hashable {
    /// The kinds of ending; operators and reports match on these.
    public enum Class: String, Sendable, CaseIterable {
        /// The script did what it should.
        case success
        /// The inputs are wrong.
        case validation
        /// The installation did not work this time.
        case installation
        /// The server's configuration needs a person.
        case configuration
        /// Something passing, in the sense of sysexits.
        case temporary
        /// The package manager did not work this time.
        case packageManager = "package_manager"
        /// The script ran out of its time.
        case timeout
        /// The application is packaged wrongly.
        case packaging
        /// A code without a meaning.
        case other

        /// One sentence for the operator, where a code has none of its own.
        public var message: String {
            switch self {
            case .success: "The script succeeded."
            case .validation: "The script refused its inputs; change them and run again."
            case .installation: "The installation did not work."
            case .configuration: "The configuration needs a person to act on the server."
            case .temporary: "The script met a passing condition; a later run may work."
            case .packageManager: "The package manager did not work."
            case .timeout: "The script ran out of time; raise 'timeout_seconds'."
            case .packaging: "The application needs mending; its script cannot be run as it is."
            case .other: "The script ended with a code that has no meaning of its own."
            }
        }

        /// Whether the same run may work later; it happens only where the manifest is idempotent.
        public var isRetryable: Bool {
            switch self {
            case .installation, .temporary, .packageManager, .other: true
            case .success, .validation, .configuration, .timeout, .packaging: false
            }
        }
    }

    /// The kind of ending.
    public let `class`: Class
    /// One sentence for the operator.
    public let message: String

    /// Whether the same run may work later.
    public var isRetryable: Bool { `class`.isRetryable }

    package init(_ class: Class, message: String? = nil) {
        self.class = `class`
        self.message = message ?? `class`.message
    }

    /// The meaning of `code` where a manifest gives it no other.
    public static func standard(_ code: Int) -> ExitCodeMeaning {
        switch code {
        case 0: ExitCodeMeaning(.success)
        case 1: ExitCodeMeaning(.validation)
        case 2: ExitCodeMeaning(.installation)
        case 3: ExitCodeMeaning(.configuration)
        case 75: ExitCodeMeaning(.temporary)
        case 100: ExitCodeMeaning(.packageManager)
        case 124: ExitCodeMeaning(.timeout)
        case 126:
            ExitCodeMeaning(
                .packaging,
                message: "A command of the script cannot be executed; the application needs mending.")
        case 127:
            ExitCodeMeaning(
                .packaging, message: "A command of the script does not exist; the application needs mending.")
        default:
            ExitCodeMeaning(
                .other, message: "The script ended with code \(code), which has no meaning of its own.")
        }
    }
}
