public import ManifestKit

/// A value in the one spelling that scripts are given.
public enum ValidatedValue: Sendable, Equatable, CustomStringConvertible {
    /// A value that may be shown.
    case plain(String)
    /// A value that may not.
    case secret(Secret)

    /// The value as it may be shown: a secret is a row of dots.
    public var description: String {
        switch self {
        case .plain(let text): text
        case .secret(let secret): secret.description
        }
    }
}

/// One value that a script will find in its environment.
public struct ValidatedInput: Sendable, Equatable {
    /// The input's name.
    public let name: InputName
    /// The variable.
    public let environmentName: String
    /// The value.
    public let value: ValidatedValue
    /// Where the value is from.
    public let origin: Origin

    /// Where a value is from.
    public enum Origin: Sendable {
        /// Somebody gave it.
        case answer
        /// The installed application has it, and nobody gave another.
        case installed
        /// The manifest's default.
        case `default`
        /// It was made now, where nobody gave one.
        case generated
        /// The action does not ask it: it is what is installed, or the default.
        case kept
        /// The input is hidden by the other answers: it is what the manifest puts in its place.
        case hidden
    }
}

/// The proof that inputs satisfy a manifest: what its script will see, and nothing else.
///
/// Only ``InputValidator`` can make one.
public struct ValidatedInputs: Sendable, Equatable {
    /// The application whose manifest the inputs satisfy.
    public let application: ManifestID
    /// The values, in the order of the manifest.
    public let values: [ValidatedInput]

    init(application: ManifestID, values: [ValidatedInput]) {
        self.application = application
        self.values = values
    }

    /// The value of the input called `name`, or nil if the script will not see it.
    public subscript(name: InputName) -> ValidatedValue? { values.first { $0.name == name }?.value }

    /// The same inputs as they are sent on: validating them again makes these values again.
    ///
    /// Hidden ones are left out, for they follow from the others. The texts of
    /// secrets are among the result.
    package var raw: RawInputs {
        var raw = RawInputs()
        for input in values where input.origin != .hidden {
            switch input.value {
            case .plain(let text): raw[input.name.description] = .text(text)
            case .secret(let secret): raw[input.name.description] = .text(secret.reveal())
            }
        }
        return raw
    }
}
