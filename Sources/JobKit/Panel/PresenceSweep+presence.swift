extension PresenceSweep {
    /// What is known of an agent right now; forgotten with the process.
    public struct Presence: Sendable {
        /// The newest beat that was believed.
        public let beat: Beat
        /// When it was first seen here, by the panel's clock.
        public let seenAt: Timestamp

        /// By how much the agent's clock is ahead, in milliseconds.
        public var skewMilliseconds: Int64 { beat.clock.milliseconds - seenAt.milliseconds }

        /// Whether a beat was made after this one.
        ///
        /// It names a later acknowledgement, or the same one and is a later beat of the same session. In that order
        /// no beat comes twice, however many sessions' beats somebody has kept and shows in turn.
        func isFollowed(by next: Beat) -> Bool {
            let (last, heard) = (beat.heard ?? 0, next.heard ?? 0)
            guard heard == last else { return heard > last }
            return next.session == beat.session && next.count > beat.count
        }
    }
}
