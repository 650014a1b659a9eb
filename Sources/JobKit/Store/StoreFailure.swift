/// Why a store did not do what it was asked.
public protocol StoreFailure: Error {
    /// Whether trying again later may help, as with a full disk; nothing was changed meanwhile.
    var isPassing: Bool { get }
    /// Whether what was to be written is to blame, and not where it is kept.
    var isOfContent: Bool { get }
}

extension Error {
    /// Whether a store failed in a way that passes.
    var isPassingStoreFailure: Bool { (self as? any StoreFailure)?.isPassing ?? false }
}
