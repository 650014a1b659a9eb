/// Watches for a copy of an agent: one name, two that are alive at the same time.
///
/// Every run of an agent has a session of its own, and within a run beats are counted. A beat names the newest word
/// of the panel that its agent has heard. Of two runs one after the other, the earlier one can never name a word that
/// was given after the later one was first seen; and within a run no beat can name a word that was given after one of
/// a higher count was seen. Whoever does is a second agent, in whatever order beats are seen, and whoever kept some
/// and shows them again. A copy of a running machine goes on in the same session, any other begins one.
struct SessionWatch: Sendable {
    private static let remembered = 8

    private struct Session {
        /// How far the panel's words had come when it was first seen.
        let firstSeen: Int
        /// The newest word that it named.
        var heard: Int
        /// Its highest count, and how far the panel's words had come when that was first seen.
        var count: Int
        var countSeen: Int
    }

    private var sessions: [String: Session] = [:]
    /// Whether two are at work.
    private(set) var isDouble = false

    /// Notes an authentic beat.
    ///
    /// - Parameters:
    ///   - beat: the beat.
    ///   - heard: the generation of the acknowledgement that it names, one of this run of the panel.
    ///   - last: the newest generation that was given by now.
    mutating func note(_ beat: Beat, heard: Int, now last: Int) {
        var session =
            sessions[beat.session]
            ?? Session(firstSeen: last, heard: heard, count: beat.count, countSeen: last)
        if beat.count > session.count {
            (session.count, session.countSeen) = (beat.count, last)
        } else if heard > session.countSeen {
            isDouble = true
        }
        session.heard = max(session.heard, heard)
        for (name, other) in sessions where name != beat.session {
            if session.heard > other.firstSeen, other.heard > session.firstSeen { isDouble = true }
        }
        sessions[beat.session] = session
        forgetOldest()
    }

    private mutating func forgetOldest() {
        guard sessions.count > Self.remembered,
            let oldest = sessions.min(by: { $0.value.heard < $1.value.heard })
        else { return }
        sessions[oldest.key] = nil
    }
}
