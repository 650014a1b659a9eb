// What an agent passes with a write into its journal is told from the lines, which a release build never looks at.
extension CrashPoint {
    static func passBefore(writing lines: [JournalEntry]) {
        #if DEBUG
            if lines.contains(where: \.isMessage) { receiveBeforeJournal.pass() }
            if lines.contains(where: \.isClaim) { claimBefore.pass() }
        #endif
    }

    static func passAfter(writing lines: [JournalEntry]) {
        #if DEBUG
            if lines.contains(where: \.isMessage) { receiveAfterJournal.pass() }
            if lines.contains(where: \.isClaim) { claimAfter.pass() }
        #endif
    }
}

#if DEBUG
    extension JournalEntry {
        fileprivate var isMessage: Bool {
            switch self {
            case .received, .poison: true
            default: false
            }
        }

        fileprivate var isClaim: Bool {
            guard case .event(let payload) = self, case .claimed? = try? Uplink(payload: payload).event else {
                return false
            }
            return true
        }
    }
#endif
