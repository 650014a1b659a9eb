/// Watches for a copy of an agent: one name, two that are alive at the same time.
///
/// Every run of an agent has a session of its own, and a later run follows an earlier one; within a run beats are
/// counted. Whoever is behind what was seen already, by its session or by its count, and names a word of the panel
/// that was given only after that was seen, is a second agent: no beat that somebody kept and shows again can do
/// that. A copy of a running machine goes on in the same session, any other begins one.
struct SessionWatch: Sendable {
    private static let remembered = 8

    private var current: (session: String, count: Int, seenAt: Int)?
    /// How far the panel's words had come when each session was first followed by another.
    private var followed: [String: Int] = [:]
    /// Whether two are at work.
    private(set) var isDouble = false

    /// Notes a beat that is surely new.
    ///
    /// - Parameters:
    ///   - beat: the beat.
    ///   - heard: the generation of the acknowledgement that it names.
    ///   - last: the newest generation that was given by now.
    mutating func note(_ beat: Beat, heard: Int, now last: Int) {
        if let end = followed[beat.session], heard > end { isDouble = true }
        if let current, current.session == beat.session, beat.count <= current.count {
            if heard > current.seenAt { isDouble = true }
            return
        }
        if let current, current.session != beat.session { follow(current.session, at: last) }
        current = (beat.session, beat.count, last)
    }

    private mutating func follow(_ session: String, at generation: Int) {
        // One that speaks again is not followed anew: by then the other may hear the panel no more, and say little.
        if followed[session] == nil { followed[session] = generation }
        guard followed.count > Self.remembered, let oldest = followed.min(by: { $0.value < $1.value }) else {
            return
        }
        followed[oldest.key] = nil
    }
}
