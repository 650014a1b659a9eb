/// A password that prints as dots, wherever it is printed.
struct RedisPassword: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The password itself, for the AUTH command alone.
    let bytes: [UInt8]

    var description: String { "••••" }
    var debugDescription: String { "••••" }
    var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
