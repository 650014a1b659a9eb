public import ManifestKit

/// What is known around a form while it is answered; what is not known is null in conditions.
public struct FormContext: Sendable {
    /// The server's facts.
    public var server: HostFacts?
    /// What is asked for.
    public var action: String
    /// Whether the application is installed on the server.
    public var isInstalled: Bool
    /// The values that the installed application has, by its inputs' names; no sensitive ones.
    public var current: [InputName: String]

    /// A first installation on a server about which nothing is known, unless told otherwise.
    public init(
        server: HostFacts? = nil, action: String = "install", isInstalled: Bool = false,
        current: [InputName: String] = [:]
    ) {
        self.server = server
        self.action = action
        self.isInstalled = isInstalled
        self.current = current
    }

    /// The context as `form.js` reads it: what conditions may ask, by the names that manifests use, and `current`.
    package var json: JSONValue {
        var object = JSONObject()
        for context in Condition.Context.allCases {
            object[context.rawValue] = value(of: context).map(JSONValue.string) ?? .null
        }
        object["current"] = .object(
            JSONObject(
                current.sorted { $0.key.description < $1.key.description }
                    .map { ($0.key.description, .string($0.value)) }))
        return .object(object)
    }

    /// The text of what a condition may ask, or nil for null.
    func value(of context: Condition.Context) -> String? {
        switch context {
        case .os: server?.osID
        case .osVersion: server?.versionID
        case .architecture: server?.architecture
        case .memory: server?.memoryMiB.map { String($0) }
        case .action: action
        case .isInstalled: isInstalled ? "true" : "false"
        }
    }
}
