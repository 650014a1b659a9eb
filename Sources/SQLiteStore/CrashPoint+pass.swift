import JobKit

extension CrashPoint {
    /// The process comes to this point, and ends here if that is its plan; nothing at all in a release build.
    func pass() {
        #if DEBUG
            CrashPlan.note(self)
        #endif
    }
}
